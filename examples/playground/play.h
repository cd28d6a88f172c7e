/* play.h - what the panels of the playground share.

   Every function marked FOR_PAGE is called by engine.js. Numbers go in and out as arguments; arrays
   lie in the module's memory, where the page writes them (play_room) and reads them back. A panel
   has one context; when something fails there, play_error says what. */
#ifndef PLAY_H
#define PLAY_H

#include <stdlib.h>
#include <string.h>

#ifdef __wasm__
#define FOR_PAGE(name) __attribute__((export_name(#name)))
#else
#define FOR_PAGE(name)
#endif

static char play_text[512];               /* the first error since it was read */

/* The context forgets the error, so that it tells of the next one, too. */
static void play_note(dl_code code, const char *text, void *dl)
{
    (void)code;
    if (!play_text[0]) strncpy(play_text, text, sizeof play_text - 1);
    dl_clear_error((dl_ctx *)dl);
}

/* A new context for a panel in place of the one it had, whose errors are past. */
static dl_ctx *play_begin(dl_ctx *old, int seed)
{
    dl_free(old);
    if (old) play_text[0] = 0;
    dl_ctx *dl = dl_new((uint64_t)seed);
    if (!dl) play_note(DL_ERR_MEMORY, "out of memory", NULL);
    dl_set_error_callback(dl, play_note, dl);
    return dl;
}

/* What went wrong, "" for nothing; asked once per message. */
FOR_PAGE(play_error) const char *play_error(void)
{
    static char last[sizeof play_text];
    memcpy(last, play_text, sizeof last);
    play_text[0] = 0;
    return last;
}

/* bytes of memory for the page to write arguments to, number k of 4; the next call for the same k
   takes it back. */
FOR_PAGE(play_room) void *play_room(int k, int bytes)
{
    static void *room[4];
    if (k < 0 || k > 3) return NULL;
    free(room[k]);
    room[k] = malloc(bytes > 0 ? (size_t)bytes : 1);
    return room[k];
}

/* The library's optimizers, in the page's order. */
static dl_optim play_optimizer(int kind, double rate)
{
    switch (kind) {
    case 0:  return dl_sgd(rate);
    case 1:  return dl_momentum(rate, 0.9);
    case 2:  return dl_nesterov(rate, 0.9);
    case 3:  return dl_adagrad(rate);
    case 4:  return dl_adadelta(rate);
    case 5:  return dl_rmsprop(rate);
    case 6:  return dl_adam(rate);
    default: return dl_adamw(rate);
    }
}

/* A copy of a tensor's numbers at p, or zeros without one; returns what is behind them. */
static float *play_put(float *p, const dl_real *from, dl_int n)
{
    if (from) memcpy(p, from, (size_t)n * sizeof(float));
    else memset(p, 0, (size_t)n * sizeof(float));
    return p + n;
}

#endif
