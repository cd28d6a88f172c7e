/* diagnose.h - why is an array wrong? A part of judge.c. Each pattern below is tried in turn; the
   first that fits all numbers names the mistake. A description's own list of mistakes is asked
   before them. */

/* y and w: yours and wanted, without what was there before the call. */
typedef struct pattern {
    const trial *t;
    const arg   *g;
    int          k;
    double      *y, *w;
    char        *text;
    size_t       size;
} pattern;

static const char *said(const pattern *p, const char *name, const char *format, ...) {
    va_list v;
    va_start(v, format);
    vsnprintf(p->text, p->size, format, v);
    va_end(v);
    return name;
}

/* Before anything is compared: was it written at all, and in the right manner? */
static const char *diagnose_writing(const pattern *p) {
    const arg *g = p->g;
    const double *got = p->t->got[p->k], *want = p->t->want[p->k];
    const double slack = g->below ? 1 : 1e-2;                   /* whole numbers lost a fraction */
    dl_int unwritten = 0, first = -1, summed = 0, nan = 0;
    for (dl_int i = 0; i < g->n; i++) {
        if (got[i] == g->value[i] || (g->role == '=' && fabs(got[i] - unset) < slack)) {
            unwritten++;
            if (first < 0) first = i;
        }
        if (g->role == '=' && fabs(got[i] - unset - want[i]) < slack) summed++;
        if (got[i] != got[i] && want[i] == want[i]) nan++;
    }
    if (unwritten == g->n)
        return said(p, "untouched",
                    g->role == '='
                    ? T("%s is as it was before the call: nothing was written into it.",
                        "%s 与调用之前一样：什么也没有写进去。")
                    : T("%s is as it was before the call: nothing was written into it, or only 0 "
                        "added.", "%s 与调用之前一样：什么也没有写进去，或者只加了 0。"), g->name);
    if (g->role == '=' && unwritten > 0) {
        char name[80], more[60] = "";
        element(name, sizeof name, g, first);
        if (unwritten > 1)
            snprintf(more, sizeof more, T(" (and %ld more)", "（另外还有 %ld 个）"),
                     (long)unwritten - 1);
        return said(p, "unfinished",
                    T("%s was never written%s. Does a loop not get there, is an index wrong, or "
                      "was an if never true?",
                      "%s 没有写过%s。循环没走到，下标写错了，还是 if 一次也没成立？"),
                    name, more);
    }
    if (summed == g->n)
        return said(p, "added", T("%s was added to what was there before. Set it with = , "
                                  "or set it to 0 first and then add up.",
                                  "%s 加到了原来的数上。这里要用 = 赋值，或者先置 0，再累加。"), g->name);
    if (g->role == '+' && largest(g->value, g->n) > 0 && same(got, p->w, g->n))
        return said(p, "overwritten", T("%s was overwritten. A gradient is added to what is there: "
                                        "+= , not = .",
                                            "%s 被覆盖了。梯度要加到原有的数上：用 += ，"
                                        "不用 = 。"), g->name);
    if (nan > 0)
        return said(p, "nan", T("A NaN where a number should be: 0/0, log of a negative number, "
                                "inf - inf, or something outside an array was read.",
                                "该是数的地方出了 NaN：0/0，负数的对数，inf - inf，"
                                "或者读到了数组外面。"));
    return NULL;
}

/* y = r w for one r? */
static const char *diagnose_ratio(const pattern *p) {
    const dl_int n = p->g->n;
    const double scale = largest(p->w, n);
    double top = 0, bottom = 0;
    for (dl_int i = 0; i < n; i++) { top += p->y[i] * p->w[i]; bottom += p->w[i] * p->w[i]; }
    const double r = bottom > 0 ? top / bottom : 1;
    if (scale == 0 || r != r || fabs(r) < 1e-6 || fabs(r) > 1e9) return NULL;
    for (dl_int i = 0; i < n; i++)
        if (!close_to(p->y[i], r * p->w[i], scale * fabs(r),
                      J.tolerance < 1e-5 ? 1e-6 : J.tolerance))
            return NULL;
    if (fabs(r + 1) < 1e-3)
        return said(p, "sign", T("The sign is the wrong way round: all of %s has the right size.",
                                 "符号反了：%s 的大小都对。"), p->g->name);
    const double more = fabs(r) > 1 ? fabs(r) : 1 / fabs(r);
    if (fabs(more - 1) < 1e-4) return NULL;
    dl_int nonzero = 0;
    for (dl_int i = 0; i < n; i++) nonzero += p->w[i] != 0;
    char letters[80] = "";
    for (int l = 0; l < 26; l++)                         /* which size, or product of two, is it? */
        for (int m = l; m < 27; m++) {
            const double a = (double)p->t->a.size[l], b = m < 26 ? (double)p->t->a.size[m] : 1;
            if (a <= 1 || (m < 26 && b <= 1) || m == l || fabs(a * b - more) > 1e-3 * more)
                continue;
            const size_t at = strlen(letters);
            if (at < 60) snprintf(letters + at, sizeof letters - at, m < 26 ? "%s%c %c" : "%s%c",
                                  at ? T(" or ", " 或 ") : "", 'A' + l, 'A' + m);
        }
    if (nonzero < 2 && letters[0] == 0) return NULL;       /* one number is some multiple always */
    const char *big = fabs(r) > 1 ? T("times too large", "倍") : T("times too small", "分之一");
    if (letters[0])
        return said(p, "ratio", T("%s is %.6g %s%s, and %s is %.6g: %s.",
                                  "%s 的每个数都是应有的 %.6g %s%s，而 %s 正是 %.6g：%s。"), p->g->name, more, big,
                    r < 0 ? T(" and has the wrong sign", "，符号也反了") : "", letters, more,
                    fabs(r) > 1 ? T("divide by it (a mean), or do not multiply by it",
                                    "要除以它（求平均），或者多乘了它")
                                : T("do not divide by it, or sum over it",
                                    "不该除以它，或者少了对它的求和"));
    return said(p, "ratio", T("All of %s is %.6g %s%s.", "%s 的每个数都是应有的 %.6g %s%s。"),
                p->g->name, more, big, r < 0 ? T(" and has the wrong sign", "，符号也反了") : "");
}

/* The right numbers in the wrong places. */
static const char *diagnose_order(const pattern *p) {
    const arg *g = p->g;
    const dl_int n = g->n, last = g->rank > 0 ? g->size[g->rank - 1] : 1;
    const dl_int rows = g->rank > 1 ? g->size[g->rank - 2] : 1, plane = rows * last;
    const char *found = NULL;
    double *z = need((size_t)n * sizeof *z);
    if (last < 1 || plane < 1) { free(z); return NULL; }
    for (dl_int i = 0; i < n; i++)                        /* [rows,last] written as [last,rows] */
        z[i / plane * plane + i % plane % last * rows + i % plane / last] = p->w[i];
    if (rows > 1 && last > 1 && same(p->y, z, n))
        found = said(p, "transposed",
                     T("%s is transposed: rows and columns are exchanged. Row by row, "
                                        "element i,j of [%s,%s] is at i * %s + j.",
                                        "%s 转置了：行与列对调了。一行接一行地存，"
                                        "[%s,%s] 的元素 i,j 在 "
                                        "i * %s + j 处。"), g->name, dim_name(g->dim[g->rank - 2]),
                     dim_name(g->dim[g->rank - 1]), dim_name(g->dim[g->rank - 1]));
    for (dl_int i = 0; i < n; i++) z[i / plane * plane + plane - 1 - i % plane] = p->w[i];
    if (!found && plane > 3 && same(p->y, z, n))
        found = said(p, "flipped", T("%s is flipped: it runs backwards.",
                                     "%s 翻转了：次序是倒过来的。"),
                     g->name);
    for (dl_int i = 0; i < n; i++) z[i] = p->w[i / last * last + last - 1 - i % last];
    if (!found && last > 1 && n > 3 && same(p->y, z, n))
        found = said(p, "flipped", T("%s is flipped: each row runs backwards.",
                                     "%s 翻转了：每一行是倒过来的。"), g->name);
    for (int by = -1; by <= 1 && !found && n > 4; by += 2) {
        bool all = true;
        const double scale = largest(p->w, n);
        for (dl_int i = 1; i + 1 < n; i++)
            all = all && close_to(p->y[i], p->w[i + by], scale, 10 * J.tolerance);
        if (all) found = said(p, "off-by-one", T("%s is shifted by one place.", "%s 错开了一位。"),
                              g->name);
    }
    free(z);
    return found;
}

/* y = w + c, y = w - a, y = w / a ... with an input a of the same shape, or of its last axes. */
static const char *diagnose_term(const pattern *p) {
    const arg *g = p->g;
    const dl_int n = g->n;
    double *z = need((size_t)n * sizeof *z);
    const char *found = NULL;
    for (int m = 0; m < p->t->a.count && !found; m++) {
        const arg *a = &p->t->a.a[m];
        if (a->role == '=' || a->rank == 0 || a->n == 0 || n % a->n != 0 || a->rank > g->rank ||
            (n == 1 && g->rank > 0) || m == p->k) continue;
        bool suffix = true;
        for (int k = 1; k <= a->rank; k++)
            suffix = suffix && a->size[a->rank - k] == g->size[g->rank - k];
        if (!suffix || largest(a->value, a->n) == 0) continue;
        static const double times[] = {-1, 1, -2};
        for (int k = 0; k < 3 && !found; k++) {
            for (dl_int i = 0; i < n; i++) z[i] = p->w[i] + times[k] * a->value[i % a->n];
            if (!same(p->y, z, n)) continue;
            found = k == 0 ? said(p, "missing-term",
                                  T("%s is too small by %s: is that term missing, or subtracted "
                                    "once too often?",
                                    "%s 正好少了一个 %s：漏加了它，还是多减了一次？"),
                                  g->name, a->name)
                  : k == 1 ? said(p, "extra-term",
                                  T("%s is too large by %s: is that term added once too often, or "
                                    "was it to be subtracted?",
                                    "%s 正好多了一个 %s：多加了一次，还是漏减了它？"),
                                  g->name, a->name)
                  : said(p, "wrong-sign",
                         T("%s is too small by twice %s: does that term have the wrong sign?",
                           "%s 少了两个 %s：这一项的符号反了吗？"), g->name, a->name);
        }
        for (dl_int i = 0; i < n; i++) z[i] = a->value[i % a->n];
        if (!found && a->n == n && same(p->y, z, n))
            found = a->name[0] == 'd'
                  ? said(p, "missing-slope", T("%s is simply %s: the factor f'(x), the slope, is "
                                               "missing.", "%s 就是 %s 本身：漏了因子 f'(x)，"
                                               "也就是斜率。"), g->name, a->name)
                  : said(p, "copied", T("%s is simply %s.", "%s 就是 %s 本身。"), g->name, a->name);
        for (dl_int i = 0; i < n; i++) z[i] = p->y[i] * a->value[i % a->n];
        if (!found && same(z, p->w, n))
            found = said(p, "missing-factor", T("The factor %s is missing in %s.",
                                                "漏了因子 %s（在 %s 里）。"), a->name, g->name);
        for (dl_int i = 0; i < n; i++) z[i] = p->w[i] * a->value[i % a->n];
        if (!found && same(p->y, z, n))
            found = said(p, "extra-factor", T("The factor %s is once too often in %s.",
                                              "因子 %s 多乘了一次（在 %s 里）。"), a->name,
                                                  g->name);
    }
    const double offset = p->y[0] - p->w[0];
    bool all = n > 1;
    for (dl_int i = 0; i < n; i++)
        all = all && close_to(p->y[i], p->w[i] + offset, largest(p->w, n), 10 * J.tolerance);
    if (!found && all)
        found = said(p, "offset", T("All of %s is off by the same number, %.6g.",
                                    "%s 全都差同一个数：%.6g。"), g->name, offset);
    free(z);
    return found;
}

/* Whole numbers where there should be fractions? */
static const char *diagnose_whole(const pattern *p) {
    const bool zero = largest(p->y, p->g->n) == 0;
    bool whole = !p->g->below && (p->g->n > 2 || zero), fractions = false;
    for (dl_int i = 0; i < p->g->n; i++) {
        whole = whole && p->y[i] == floor(p->y[i]) && fabs(p->y[i] - p->w[i]) < 100;
        fractions = fractions || fabs(p->w[i] - floor(p->w[i] + 0.5)) > 0.01;
    }
    if (!whole || !fractions) return NULL;
    if (zero)
        return said(p, "zero", T("%s is 0 throughout. Was nothing added, or 1 / N computed in "
                                 "whole numbers, which is 0? Write 1.0 / N.",
                                 "%s 全是 0。是没有累加，还是 1 / N 用整数算了（得 0）？写 1.0 / N。"),
                    p->g->name);
    return said(p, "truncated", T("%s holds whole numbers only. Is there an int in between?",
                                  "%s 里全是整数。中间是不是用了 int？"), p->g->name);
}

/* Is only the first row right, or only the last one wrong, along some axis? */
static const char *diagnose_place(const pattern *p) {
    const arg *g = p->g;
    const double scale = largest(p->w, g->n);
    dl_int below = g->n;
    for (int k = 0; k < g->rank; k++) {
        below /= g->size[k];
        bool only_last = g->size[k] > 2, not_first = g->size[k] > 2;   /* of two, it is by chance */
        bool only_first = g->size[k] > 1, repeats = true;
        for (dl_int i = 0; i < g->n; i++) {
            const dl_int at = i / below % g->size[k];
            const bool right = close_to(p->y[i], p->w[i], scale, 10 * J.tolerance);
            only_last = only_last && right == (at < g->size[k] - 1);
            only_first = only_first && right == (at == 0);
            not_first = not_first && right == (at > 0);
            repeats = repeats && p->y[i] == p->y[i - at * below];
        }
        if (only_first && (repeats || g->size[k] > 2))
            return said(p, "only-first",
                        T("Only what has index 0 along axis %s is right. How do you get to the "
                          "next one: does the index move, and by the length of a row?",
                          "轴 %s 上只有下标 0 的才对。怎样走到下一个：下标动了吗？"
                          "动的是一行的长度吗？"), dim_name(g->dim[k]));
        if (not_first)
            return said(p, "off-by-one",
                        T("Only the first one along axis %s is wrong. Does a loop begin at 1? C "
                          "counts from 0.",
                          "轴 %s 上只有第一个不对。是不是有个循环从 1 开始？C 从 0 数起。"),
                        dim_name(g->dim[k]));
        if (only_last)
            return said(p, "off-by-one",
                        T("Only the last one along axis %s is wrong. Does a loop end too early, or "
                          "does a sum begin without a value?",
                          "轴 %s 上只有最后一个不对。是不是有个循环结束得太早，或者求和之前没有给初值？"),
                        dim_name(g->dim[k]));
    }
    return NULL;
}

/* Does this mistake give what the learner's function gave, in every call of the check? */
static bool is_mistake(const mistake *m, int k) {
    bool any = false;                            /* a number to go by, and not NaN alone */
    for (int c = 0; c < J.done; c++) {
        const trial *t = &J.trial[c];
        if (t->entry != m->entry) continue;
        for (dl_int i = 0; i < t->a.a[k].n; i++) any = any || t->got[k][i] == t->got[k][i];
        args out = call_with(m->call, &t->a);
        const bool alike = same(t->got[k], out.a[k].value, out.a[k].n);
        args_free(&out);
        if (!alike) return false;
    }
    return any;
}

/* "a = 2" of a row of values: what the exercise sets. */
static void variant_sets(char *to, size_t size, const char *row) {
    size_t n = 0;
    to[0] = 0;
    for (const char *c = row; *c && *c != '>' && n + 4 < size; c++) {
        const char one[2] = {*c, 0}, *comma = c[1] && c[1] != '>' ? ", " : "";
        n += (size_t)snprintf(to + n, size - n, "%s", *c == '=' ? " = " : *c == '|' ? comma : one);
    }
}

/* Does another row of values give that? Only where students have rows of their own: the first is
   everybody's. */
static const char *diagnose_variant(const trial *t, int k, char *text, size_t size) {
    const char *own = variant_row, *name = NULL;
    const mistake other = {"", t->entry, entries[t->entry].call, "", ""};
    if (J.variants == 0 || own == J.variant[0] || other.call == NULL) return NULL;
    for (int r = 0; r < J.variants && !name; r++) {
        if (J.variant[r] == own) continue;
        variant_row = J.variant[r];
        if (is_mistake(&other, k)) name = r > 0 ? "other-variant" : "no-variant";
        if (name == NULL) continue;
        char theirs[120], yours[120];
        variant_sets(theirs, sizeof theirs, variant_row);
        variant_sets(yours, sizeof yours, own);
        snprintf(text, size,
                 r > 0 ? T("This is another student's variant (%s); yours: %s. Your values stand in "
                           "the head of the exercise.",
                           "这是另一位同学的变体（%s）；你的是 %s。你的数值写在练习的开头。")
                       : T("This is the exercise without a student's number (%s); yours: %s.",
                           "这是不带学号的原题（%s）；你的是 %s。"), theirs, yours);
    }
    variant_row = own;
    return name;
}

/* The name of the mistake, its explanation in text; "different" when no pattern fits. */
static const char *diagnose(const trial *t, int k, char *text, size_t size) {
    const arg *g = &t->a.a[k];
    pattern p = {t, g, k, copy(t->got[k], g->n), copy(t->want[k], g->n), text, size};
    const char *name = diagnose_variant(t, k, text, size);
    if (g->role == '+' || g->role == '~')
        for (dl_int i = 0; i < g->n; i++) {
            p.y[i] -= g->value[i];
            p.w[i] -= g->value[i];
        }
    for (int m = 0; m < MOST_MISTAKES && the_grader.mistake[m].name && !name; m++) {
        const mistake *q = &the_grader.mistake[m];
        if (q->entry != t->entry || !is_mistake(q, k)) continue;
        name = q->name;
        snprintf(text, size, "%s", T(q->en, q->zh));
    }
    if (the_grader.secret && !name) name = "different";
    if (!name) name = diagnose_writing(&p);
    if (!name) name = diagnose_ratio(&p);
    if (!name) name = diagnose_order(&p);
    if (!name) name = diagnose_term(&p);
    if (!name) name = diagnose_place(&p);
    if (!name) name = diagnose_whole(&p);
    free(p.y);
    free(p.w);
    return name ? name : "different";
}
