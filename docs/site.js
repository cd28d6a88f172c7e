'use strict';
// The switch of light and dark, the search over PAGES (search.js), and folds that open to be printed.
(function () {
  const root = document.documentElement, box = document.getElementById('search');
  const found = document.getElementById('found');
  try {
    if (localStorage.light) root.dataset.light = localStorage.light;
  } catch (e) { /* file:// may have no storage */ }
  document.getElementById('light').onclick = function () {
    const dark = root.dataset.light ? root.dataset.light === 'dark'
      : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.light = dark ? 'light' : 'dark';
    try { localStorage.light = root.dataset.light; } catch (e) { /* likewise */ }
  };
  function item(page, at, length) {
    const li = document.createElement('li'), a = document.createElement('a');
    a.href = page[0];
    a.textContent = page[1];
    const small = document.createElement('small');
    small.textContent = '… ' + page[2].slice(Math.max(0, at - 30), at + length + 60) + ' …';
    li.append(a, small);
    return li;
  }
  box.oninput = function () {
    const word = box.value.trim().toLowerCase();
    found.textContent = '';
    found.hidden = !word;
    if (!word) return;
    for (const page of PAGES) {
      const at = (page[1] + ' ' + page[2]).toLowerCase().indexOf(word);
      if (at >= 0) found.append(item(page, Math.max(0, at - page[1].length - 1), word.length));
    }
    if (!found.firstChild) found.textContent = box.dataset.none;
  };
  addEventListener('keydown', function (e) {
    if (e.key === 'Escape') found.hidden = true;
    if (e.key === '/' && document.activeElement !== box) { e.preventDefault(); box.focus(); }
  });
  addEventListener('beforeprint', function () {
    for (const d of document.querySelectorAll('main details')) d.open = true;
  });
})();
