/* game - noughts and crosses against a player that has taught itself. It begins without knowing more
   than the rules, plays against itself, and keeps one number for each position: how good it is for
   whoever has just moved into it, 1 won, -1 lost, 0 a draw.

       gcc -O2 examples/apps/game.c -o game -lm && ./game --play

   V(s) <- V(s) + a (r - V(s)), where r is 1 if the move into s has won, 0 if the board is full, else
   -max V(s') over the moves s' of the other: what is best for the other is worst for me.
   Mostly it plays the best move it knows, one in three a random one: so it gets around.
   @F S0-6.4: games   @F S3-7.6: reinforcement learning */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "../example.h"

enum { POSITIONS = 19683 };                            /* 3^9: a cell is empty 0, 1 or 2 */
static double value[POSITIONS];
static const int power[9] = {1, 3, 9, 27, 81, 243, 729, 2187, 6561};

static int cell(int s, int i) { return s / power[i] % 3; }

static bool won(int s, int who) {
    static const int row[8][3] = {{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {0, 3, 6}, {1, 4, 7}, {2, 5, 8},
                                  {0, 4, 8}, {2, 4, 6}};
    for (int k = 0; k < 8; k++)
        if (cell(s, row[k][0]) == who && cell(s, row[k][1]) == who && cell(s, row[k][2]) == who)
            return true;
    return false;
}

/* The positions after each move of who: into next[9], how many. */
static int moves(int s, int who, int next[9]) {
    int n = 0;
    for (int i = 0; i < 9; i++)
        if (cell(s, i) == 0) next[n++] = s + who * power[i];
    return n;
}

/* The position after the best move of who, among equals any. */
static int best(int s, int who, dl_rng *r) {
    int next[9], n = moves(s, who, next), k = 0, equal = 0;
    for (int i = 0; i < n; i++) {
        if (value[next[i]] > value[next[k]] + 1e-9) k = i, equal = 1;
        else if (value[next[i]] > value[next[k]] - 1e-9 && dl_rng_int(r, ++equal) == 0) k = i;
    }
    return next[k];
}

/* One game against itself; of every position on the way its number is corrected. */
static void self_play(dl_rng *r) {
    for (int s = 0, who = 1, n = 1; n > 0; who = 3 - who) {
        int next[9], reply[9];
        n = moves(s, who, next);
        s = dl_rng_uniform(r) < 1.0 / 3 ? next[dl_rng_int(r, n)] : best(s, who, r);
        n = won(s, who) ? 0 : moves(s, 3 - who, reply);
        double target = won(s, who) ? 1 : n ? 2 : 0;
        for (int i = 0; i < n; i++) target = fmin(target, -value[reply[i]]);
        value[s] += 0.5 * (target - value[s]);
    }
}

typedef struct score { int games, lost, won; } score;

/* Play all games there are: against any moves of the other, and any of its own that are equally good.
   me: 1 begins, 2 does not. */
static void all_games(int s, int who, int me, score *c) {
    int next[9], n = moves(s, who, next);
    double most = -2;
    if (won(s, 3 - who) || n == 0) {
        c->games++, c->lost += won(s, 3 - me), c->won += won(s, me);
        return;
    }
    for (int i = 0; i < n; i++) most = fmax(most, value[next[i]]);
    for (int i = 0; i < n; i++)
        if (who != me || value[next[i]] > most - 1e-9) all_games(next[i], 3 - who, me, c);
}

/* Games against one who moves at random; untaught: it does so as well. */
static score against_random(int games, bool untaught, dl_rng *r) {
    score c = {games, 0, 0};
    for (int g = 0; g < games; g++) {
        const int me = 1 + g % 2;
        int s = 0, who = 1, next[9], n;
        for (; !won(s, 3 - who) && (n = moves(s, who, next)) > 0; who = 3 - who)
            s = who == me && !untaught ? best(s, who, r) : next[dl_rng_int(r, n)];
        c.lost += won(s, 3 - me), c.won += won(s, me);
    }
    return c;
}

/* X is the program, whoever began. */
static void board(int s, int me) {
    for (int i = 0; i < 9; i++)
        printf("%s%c%s", i % 3 ? " " : "   ", cell(s, i) == 0 ? '1' + i : cell(s, i) == me ? 'X' : 'O',
               i % 3 == 2 ? "\n" : "");
}

/* A person, by the cells 1 to 9, until the input ends or is q. They take turns to begin. */
static void play(dl_rng *r) {
    char line[64];
    printf(EX("You are O. Your move is the number of a cell; q ends.\n\n",
              "你是 O。输入格子的号码；q 结束。\n\n"));
    for (int me = 1;; me = 3 - me) {                   /* me: the program */
        int s = 0, who = 1, next[9];
        while (!won(s, 3 - who) && moves(s, who, next) > 0) {
            if (who == me) {
                s = best(s, who, r);
                who = 3 - who;
                continue;
            }
            board(s, me);
            printf(EX("your move: ", "你走："));
            fflush(stdout);
            if (!fgets(line, sizeof line, stdin) || *line == 'q') {
                printf("\n");
                return;
            }
            const int i = atoi(line) - 1;
            if (i < 0 || i > 8 || cell(s, i)) {
                printf(EX("There is no such free cell.\n", "没有这个空格。\n"));
                continue;
            }
            s += who * power[i];
            who = 3 - who;
        }
        board(s, me);
        printf("%s\n\n", won(s, me) ? EX("I win.", "我赢了。") : won(s, 3 - me) ? EX("You win!", "你赢了！")
                                                               : EX("A draw.", "平局。"));
    }
}

int main(int argc, char **argv) {
    int games = 30000;
    bool person = false;
    ex_option extra[2] = {{"games", EX_INT, NULL, 0, 10000000, EX("games against itself", "自我对弈的局数")},
                          {"play", EX_FLAG, NULL, 0, 0, EX("then play against it", "然后跟它下棋")}};
    ex_options o = ex_options_default(argc, argv);
    extra[0].value = &games;
    extra[1].value = &person;
    ex_parse(&o, argc, argv, EX("noughts and crosses, learned by playing against itself; 1 second",
                                "井字棋，靠自我对弈学会；1 秒"), "seed quiet", extra, 2);
    dl_ctx *dl = ex_begin(&o);
    dl_rng *r = dl_ctx_rng(dl);
    const double start = ex_seconds();
    const score before = against_random(10000, true, r);
    for (int g = 0; g < games; g++) self_play(r);
    const double seconds = ex_seconds() - start;
    score c = {0, 0, 0};
    all_games(0, 1, 1, &c);
    all_games(0, 1, 2, &c);
    const score after = against_random(10000, false, r);
    if (!o.quiet)
        printf(EX("%d games against itself. Against one who moves at random (10000 games)\n"
                  "   won %.1f %%, lost %.1f %% before\n   won %.1f %%, lost %.1f %% after\n"
                  "All games that can come about against it: %d, of which it loses %d.\n\n",
                  "自我对弈 %d 局。对手随机走时（10000 局）\n   学之前赢 %.1f%%，输 %.1f%%\n   学之后赢 %.1f%%，"
                  "输 %.1f%%\n与它下棋所有可能的局：%d，其中它输 %d。\n\n"), games,
               before.won / 100.0, before.lost / 100.0, after.won / 100.0, after.lost / 100.0,
               c.games, c.lost);
    if (person && !o.quiet) play(r);
    ex_result("lost=%d all_games=%d win_rate=%.4f naive_win_rate=%.4f naive_lost=%.4f seconds=%.2f",
              c.lost, c.games, after.won / 1e4, before.won / 1e4,
              before.lost / 1e4, seconds);
    return ex_end(dl, &o);
}
