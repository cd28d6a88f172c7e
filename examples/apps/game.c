/* game - noughts and crosses against a player that has taught itself. It begins without knowing
   more than the rules, plays against itself, and keeps one number for each position: how good it is
   for whoever has just moved into it, 1 won, -1 lost, 0 a draw.

       gcc -O2 examples/apps/game.c -o game -lm && ./game --play

   V(s) <- V(s) + a (r - V(s)), where r is 1 if the move into s has won, 0 if the board is full,
   else -max V(s') over the moves s' of the other: what is best for the other is worst for me.
   Mostly it plays the best move it knows, one in three a random one: so it gets around. With
   seeds 0 to 29 it loses none of all games; after half as many against itself, nine of them lose.
   @F S0-6.4: games   @F S3-7.6: reinforcement learning */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "apps.h"

/* V of a position, by its nine cells as the digits of a number. (While the game goes on, they are
   seen by who is to move; ex_board_move changes the sides.) */
static double *value(const ex_board *b) {
    static double v[19683];                            /* 3^9 */
    int s = 0;
    for (int i = 8; i >= 0; i--) s = 3 * s + b->cell[i] + 1;
    return &v[s];
}

/* The n legal moves, what they are worth, and what the best of them is. */
typedef struct moves { int n, move[9]; double worth[9], best; } moves;

static moves moves_of(const ex_board *b) {
    moves m = {0, {0}, {0}, -2};
    for (int i = 0; i < 9; i++) {
        ex_board next = *b;
        if (b->cell[i] != 0) continue;
        ex_board_move(&next, i);
        m.worth[m.n] = *value(&next);
        m.best = fmax(m.best, m.worth[m.n]);
        m.move[m.n++] = i;
    }
    return m;
}

/* The best move, among equals any; or any at all. */
static int choose(const ex_board *b, bool best, dl_rng *r) {
    const moves m = moves_of(b);
    return m.move[best ? ex_largest(m.worth, m.n, r) : dl_rng_int(r, m.n)];
}

/* One game against itself; of every position on the way its number is corrected. */
static void self_play(dl_rng *r) {
    ex_board b = {{0}};
    for (int end = -1; end < 0;) {
        end = ex_board_move(&b, choose(&b, dl_rng_uniform(r) > 1.0 / 3, r));
        const double target = end < 0 ? -moves_of(&b).best : end;
        *value(&b) += 0.5 * (target - *value(&b));
    }
}

typedef struct score { int games, lost; double p_win, p_loss; } score;

/* Play all games there are from b on: against any moves of the other, and any of its own that are
   equally good (untaught: any at all). mine: it is to move. p: how likely b is, if the other moves
   at random. */
static void all_games(ex_board b, bool mine, bool taught, double p, score *c) {
    const moves m = moves_of(&b);
    const double least = mine && taught ? m.best - 1e-9 : -2;
    int choices = 0;
    for (int i = 0; i < m.n; i++) choices += m.worth[i] >= least;
    for (int i = 0; i < m.n; i++) {
        ex_board next = b;
        if (m.worth[i] < least) continue;
        const int end = ex_board_move(&next, m.move[i]);
        if (end < 0) all_games(next, !mine, taught, p / choices, c);
        if (end < 0) continue;
        c->games++;
        c->lost += end && !mine;
        if (mine) c->p_win += end * p / choices;
        else c->p_loss += end * p / choices;
    }
}

/* It begins in half of the games. */
static score judge(bool taught) {
    const ex_board empty = {{0}};
    score c = {0, 0, 0, 0};
    all_games(empty, true, taught, 0.5, &c);
    all_games(empty, false, taught, 0.5, &c);
    return c;
}

static void show(int games, const score *before, const score *after);
static void play(dl_rng *r);

int main(int argc, char **argv) {
    int games = 60000;
    bool person = false;
    ex_options o = ex_options_default(argc, argv);
    const ex_option own[] = {
        {"games", EX_INT, &games, 0, 10000000, EX("games against itself", "自我对弈的局数")},
        {"play", EX_FLAG, &person, 0, 0, EX("then play against it", "然后跟它下棋")}};
    ex_parse(&o, argc, argv, EX("noughts and crosses, learned by playing against itself; 1 second",
                                "井字棋，靠自我对弈学会；1 秒"), "seed quiet", own, 2);
    dl_ctx *dl = ex_begin(&o);
    dl_rng *r = dl_ctx_rng(dl);
    const double start = ex_seconds();
    for (int g = 0; g < games; g++) self_play(r);
    const double seconds = ex_seconds() - start;
    const score before = judge(false), after = judge(true);
    if (!o.quiet) show(games, &before, &after);
    if (person && !o.quiet) play(r);
    ex_result("lost=%d all_games=%d win_rate=%.4f naive_win_rate=%.4f naive_lost=%.4f seconds=%.2f",
              after.lost, after.games, after.p_win, before.p_win, before.p_loss, seconds);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

static void show(int games, const score *before, const score *after) {
    printf(EX("%d games against itself. Against one who moves at random it\n"
              "   wins %.1f %%, loses %.1f %% before\n   wins %.1f %%, loses %.1f %% after\n"
              "All games that can come about against it: %d, of which it loses %d.\n\n",
              "自我对弈 %d 局。对手随机走时\n   学之前赢 %.1f%%，输 %.1f%%\n   学之后赢 %.1f%%，输 %.1f%%\n"
              "与它下棋所有可能的局：%d，其中它输 %d。\n\n"), games, 100 * before->p_win,
           100 * before->p_loss, 100 * after->p_win, 100 * after->p_loss, after->games,
           after->lost);
}

/* Against a person, game after game. They take turns to begin. */
static void play(dl_rng *r) {
    printf(EX("You are O. Your move is the number of a cell; q ends.\n\n",
              "你是 O。输入格子的号码；q 结束。\n\n"));
    for (bool first = true;; first = !first) {         /* does the program begin? */
        ex_board b = {{0}};
        bool mine = !first;
        int end = -1;
        while (end < 0) {
            mine = !mine;
            if (!mine) ex_board_print(&b, "X O");
            const int move = mine ? choose(&b, true, r) : ex_board_ask(&b);
            if (move < 0) return;
            end = ex_board_move(&b, move);
        }
        ex_board_print(&b, mine ? "O X" : "X O");
        printf("%s\n\n", end == 0 ? EX("A draw.", "平局。") : mine ? EX("I win.", "我赢了。")
                                                             : EX("You win!", "你赢了！"));
    }
}
