/* 16 - reinforcement learning: nobody says what is right, there are only rewards.

   S1 (section 5) describes it: learn a way to act from what the world does in answer. S0 (section
   6) and S3 (section 7) name it too. Three worlds, each with one idea more than the one before:

   A grid with a goal and a pit, where one step in five slips aside. Whoever knows the rules
   computes what each cell is worth (value iteration); whoever does not can find it out by trying
   (Q-learning, a table). Tic-tac-toe: a net in place of the table learns by playing against itself.
   Whether it can lose is no matter of samples: we play every game that there is against it.
   Cart-pole: a net that gives probabilities of actions; those that turned out better than expected
   become more likely (REINFORCE with a baseline).

       gcc -O2 examples/16_reinforcement.c -o reinforcement -lm && ./reinforcement

   @F S1-5    V(s) = max_a sum_s' P(s'|s,a) (r + g V(s'))                     Bellman's equation
   @F S0-6.4  Q(s,a) <- Q(s,a) + alpha (r + g max_a' Q(s',a') - Q(s,a))       Watkins, 1989
   @F S3-7.6  w <- w + lr sum_t (G_t - b(s_t)) grad log p(a_t|s_t)            Williams, 1992  */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

enum { ROWS = 4, COLS = 6, CELLS = ROWS * COLS, WAYS = 4, EPISODES = 20000, SHOTS = 40,
       BOARDS = 128, CARTS = 16, LONG = 200, DRIVES = 60 };

/* What happened to a cart: its states, its actions. */
typedef struct episode { dl_real state[LONG][4]; int action[LONG], steps; } episode;

static const double discount = 0.9, slip = 0.2;

/* Behind main: the worlds; what is counted and shown, and how. */
static ex_options options(int argc, char **argv, int *updates);
static bool is_open(int s);
static double reward(int s);
static int neighbour(int s, int a);
static int anywhere(dl_rng *r);
static int walk(int s, int a, dl_rng *r);
static int best(const double *q);
static double distance(double q[CELLS][WAYS], const double *v);
static dl_tensor *encode(dl_ctx *dl, const ex_board *b, int n);
static int choose(const ex_board *b, const dl_real *q);
static bool done(dl_ctx *dl, dl_model *net, int update, int last);
static int drive(dl_ctx *dl, dl_model *policy, episode *e);
static double test_drive(dl_ctx *dl, dl_model *policy);
static void show_grid(const double *v, int sweeps, double q[CELLS][WAYS], const double *error,
                      ex_page *page, bool quiet);
static void show_games(dl_ctx *dl, dl_model *net, ex_page *page, bool quiet);
static void show_carts(const double *steps, double before, double after, ex_page *page,
                       bool quiet);
static void show_result(double seconds);

/* A grid: what way a is worth in s, if cells are worth v: sum over s' of P(s'|s,a) (r + g v(s')).
   Of the goal and the pit, where it ends, v is 0. */
static double worth(const double *v, int s, int a) {
    const double p[3] = {slip / 2, 1 - slip, slip / 2};
    double sum = 0;
    for (int k = 0; k < 3; k++) {
        const int to = neighbour(s, (a + WAYS - 1 + k) % WAYS);  /* left, ahead, right       */
        sum += p[k] * (reward(to) + discount * v[to]);
    }
    return sum;
}

/* V(s) = max_a ..., again and again, until nothing changes. Returns how often. */
static int value_iteration(double v[CELLS]) {
    int sweeps = 0;
    memset(v, 0, CELLS * sizeof *v);
    for (double change = 1; change > 1e-9; sweeps++) {
        change = 0;
        for (int s = 0; s < CELLS; s++) {
            double q[WAYS];
            if (!is_open(s)) continue;
            for (int a = 0; a < WAYS; a++) q[a] = worth(v, s, a);
            change = fmax(change, fabs(q[best(q)] - v[s]));
            v[s] = q[best(q)];
        }
    }
    return sweeps;
}

/* The same values, by one who does not know map, slip or reward: it acts, and sees what happens.
   tried: how often each way has been, in each cell. Q of the goal and the pit stays 0. */
static void q_learning(double q[CELLS][WAYS], int tried[CELLS][WAYS], int episodes, dl_rng *r) {
    for (int e = 0; e < episodes; e++) {
        int s = anywhere(r);
        for (int steps = 0; is_open(s) && steps < 100; steps++) {
            const int a = dl_rng_uniform(r) < 0.3 ? (int)dl_rng_int(r, WAYS) : best(q[s]);
            const int to = walk(s, a, r);
            const double target = reward(to) + discount * q[to][best(q[to])];
            const double alpha = 1 / pow(++tried[s][a], 0.7);    /* large at first, then smaller */
            q[s][a] += alpha * (target - q[s][a]);
            s = to;
        }
    }
}

/* Tic-tac-toe, a net for a table: one move in each of BOARDS games, and one step of learning from
   all of them. What I can get from where the other is to move is the opposite of what he can get:
   -max Q. */
static void self_play(dl_ctx *dl, dl_model *net, dl_optimizer *opt, ex_board *b) {
    dl_rng *r = dl_ctx_rng(dl);
    dl_tensor *q = dl_model_forward(net, encode(dl, b, BOARDS));
    dl_tensor *chosen = dl_zeros(dl, dl_shape2(BOARDS, 9));
    dl_tensor *target = dl_zeros(dl, dl_shape2(BOARDS, 9));
    int move[BOARDS], end[BOARDS];
    if (!q || !chosen || !target) return;
    for (int i = 0; i < BOARDS; i++) {
        move[i] = (int)dl_rng_int(r, 9);
        while (b[i].cell[move[i]] != 0) move[i] = (int)dl_rng_int(r, 9);
        if (dl_rng_uniform(r) > 0.3) move[i] = choose(&b[i], q->data + 9 * i);
        end[i] = ex_board_move(&b[i], move[i]);
    }
    dl_set_no_grad(dl, true);
    dl_tensor *next = dl_model_forward(net, encode(dl, b, BOARDS));
    dl_set_no_grad(dl, false);
    for (int i = 0; next && i < BOARDS; i++) {
        const dl_real *his = next->data + 9 * i;
        const double gain = end[i] < 0 ? -0.95 * (double)his[choose(&b[i], his)] : end[i];
        chosen->data[9 * i + move[i]] = 1;
        target->data[9 * i + move[i]] = (dl_real)gain;
        if (end[i] >= 0) memset(&b[i], 0, sizeof b[i]);          /* a new game                   */
    }
    dl_optimizer_zero_grad(opt);
    dl_backward(dl_div_scalar(dl_mse_sum(dl_mul(q, chosen), target), BOARDS));
    dl_optimizer_step(opt);
    dl_tape_clear(dl);
}

/* Cart-pole: the gain G_t = 1 + 0.99 G_{t+1} from each step on, less the baseline b_t, the mean of
   all carts' at this time: what this cart's actions brought beyond what is usual. */
static void advantages(const episode *e, double a[CARTS][LONG]) {
    memset(a, 0, CARTS * sizeof *a);
    for (int i = 0; i < CARTS; i++)
        for (int t = e[i].steps - 1; t >= 0; t--)
            a[i][t] = 1 + (t + 1 < e[i].steps ? 0.99 * a[i][t + 1] : 0);
    for (int t = 0; t < LONG; t++) {
        double b = 0;
        for (int i = 0; i < CARTS; i++) b += a[i][t] / (double)CARTS;
        for (int i = 0; i < CARTS; i++) a[i][t] -= b;
    }
}

/* w <- w + lr sum_t (G_t - b_t) grad log p(a_t|s_t): the loss is its negative. Returns how many
   steps the carts stood, on average. */
static double reinforce(dl_ctx *dl, dl_model *policy, dl_optimizer *opt) {
    static episode e[CARTS];
    static double a[CARTS][LONG];
    const int n = drive(dl, policy, e);
    int k = 0;
    advantages(e, a);
    dl_tensor *x = dl_zeros(dl, dl_shape2(n, 4)), *g = dl_zeros(dl, dl_shape2(n, 2));
    for (int i = 0; x && g && i < CARTS; i++)
        for (int t = 0; t < e[i].steps; t++) {
            memcpy(x->data + 4 * k, e[i].state[t], sizeof e[i].state[t]);
            g->data[2 * k + e[i].action[t]] = (dl_real)(a[i][t] / n);
            k++;
        }
    dl_tensor *log_p = dl_log_softmax(dl_model_forward(policy, x));
    dl_optimizer_zero_grad(opt);
    dl_backward(dl_neg(dl_sum(dl_mul(log_p, g))));
    dl_optimizer_step(opt);
    dl_tape_clear(dl);
    return n / (double)CARTS;
}

int main(int argc, char **argv) {
    int updates, tried[CELLS][WAYS] = {{0}};
    double v[CELLS], q[CELLS][WAYS] = {{0}}, error[SHOTS], steps[DRIVES];
    const ex_options o = options(argc, argv, &updates);
    dl_ctx *dl = ex_begin(&o);
    ex_page page = ex_page_open(&o, EX("Reinforcement learning", "强化学习"));
    const double start = ex_seconds();

    /* The grid: by its rules, and by trying. */
    dl_rng chance = dl_rng_new((uint64_t)o.seed, 1);
    const int sweeps = value_iteration(v);
    for (int k = 0; k < SHOTS; k++) {
        q_learning(q, tried, EPISODES / SHOTS, &chance);
        error[k] = distance(q, v);
    }
    show_grid(v, sweeps, q, error, &page, o.quiet);

    /* Tic-tac-toe: until no game is lost, or for so many updates. */
    dl_model *net = dl_model_new(dl, dl_shape1(18));
    dl_model_add_dense(net, 128, DL_RELU);
    dl_model_add_dense(net, 128, DL_RELU);
    dl_model_add_dense(net, 9, DL_LINEAR);
    dl_optimizer *opt = dl_optimizer_new(dl, dl_torch_adam(0.001), dl_model_params(net),
                                         dl_model_tensor_count(net));
    ex_board games[BOARDS] = {{{0}}};
    for (int k = 0; !done(dl, net, k, updates); k++) self_play(dl, net, opt, games);
    show_games(dl, net, &page, o.quiet);

    /* The cart: a policy, made better by its own gains. */
    dl_model *policy = dl_model_new(dl, dl_shape1(4));
    dl_model_add_dense(policy, 32, DL_TANH);
    dl_model_add_dense(policy, 2, DL_LINEAR);
    opt = dl_optimizer_new(dl, dl_torch_adam(0.01), dl_model_params(policy),
                           dl_model_tensor_count(policy));
    const double before = test_drive(dl, policy);
    for (int k = 0; k < DRIVES; k++) steps[k] = reinforce(dl, policy, opt);
    show_carts(steps, before, test_drive(dl, policy), &page, o.quiet);
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page_close(&page, o.quiet);
    show_result(ex_seconds() - start);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

enum { LOOK = 250, LOOKS = 121, TESTED = 100, TEST_STEPS = 500 };

/* For the last line; and what was lost of all games, in percent, moving first and second. */
typedef struct tally { int games, wins, draws, losses; double p_win, p_loss; } tally;
static struct {
    double q_error, before, after, lost[2][LOOKS];
    int    agree, cells, updates, looks;
    tally  side[2];
} found;

static ex_options options(int argc, char **argv, int *updates) {
    ex_options o = ex_options_default(argc, argv);
    *updates = LOOK * (LOOKS - 1);
    const ex_option most = {"updates", EX_INT, updates, 1, LOOK * (LOOKS - 1),
                            EX("updates of the tic-tac-toe net, at most", "井字棋网络最多更新几次")};
    ex_parse(&o, argc, argv, EX("grid world, tic-tac-toe and cart-pole, learned from rewards "
                                "alone; some seconds",
                                "格子世界、井字棋、小车倒立摆，只从奖励学会；几秒"),
             "seed threads html quiet", &most, 1);
    return o;
}

/* S start, G goal (+1), X pit (-1), # wall. Up, right, down, left; with 0.2 one slips aside. */
static const char map[CELLS + 1] = ".....G" ".##.#X" "......" "S.#...";
static const int  down[WAYS] = {-1, 0, 1, 0}, right[WAYS] = {0, 1, 0, -1};

static double reward(int s) { return map[s] == 'G' ? 1 : map[s] == 'X' ? -1 : 0; }
static bool is_open(int s) { return map[s] != '#' && reward(s) == 0; }

/* Where way a leads from s; walls and the edge stop it. */
static int neighbour(int s, int a) {
    const int i = s / COLS + down[a], j = s % COLS + right[a];
    if (i < 0 || j < 0 || i >= ROWS || j >= COLS || map[i * COLS + j] == '#') return s;
    return i * COLS + j;
}

/* An open cell. */
static int anywhere(dl_rng *r) {
    int s = (int)dl_rng_int(r, CELLS);
    while (!is_open(s)) s = (int)dl_rng_int(r, CELLS);
    return s;
}

/* Where one gets who goes way a; half of the slips are to the left. */
static int walk(int s, int a, dl_rng *r) {
    const double chance = dl_rng_uniform(r);
    const int turn = chance < slip / 2 ? WAYS - 1 : chance < slip ? 1 : 0;
    return neighbour(s, (a + turn) % WAYS);
}

static int best(const double *q) {
    int a = 0;
    for (int k = 1; k < WAYS; k++)
        if (q[k] > q[a]) a = k;
    return a;
}

/* The root of the mean square of max Q - V. */
static double distance(double q[CELLS][WAYS], const double *v) {
    double sum = 0;
    int n = 0;
    for (int s = 0; s < CELLS; s++)
        if (is_open(s)) {
            sum += pow(q[s][best(q[s])] - v[s], 2);
            n++;
        }
    return sqrt(sum / n);
}

/* [N,18]: where I am, where the other is. */
static dl_tensor *encode(dl_ctx *dl, const ex_board *b, int n) {
    dl_tensor *x = dl_zeros(dl, dl_shape2(n, 18));
    for (int i = 0; x && i < n * 9; i++) {
        x->data[i / 9 * 18 + i % 9] = b[i / 9].cell[i % 9] == 1;
        x->data[i / 9 * 18 + 9 + i % 9] = b[i / 9].cell[i % 9] == -1;
    }
    return x;
}

/* The legal move with the largest q[9]. */
static int choose(const ex_board *b, const dl_real *q) {
    int move = -1;
    for (int k = 0; k < 9; k++)
        if (b->cell[k] == 0 && (move < 0 || q[k] > q[move])) move = k;
    return move;
}

/* Every game against the net, whatever the other side does: how many end how; and how often the net
   wins and loses if the other moves at random. From board b on, which is reached with probability
   p. */
static void games_from(dl_ctx *dl, dl_model *net, ex_board b, bool net_moves, double p, tally *t) {
    int legal = 0, first = 0, last = 8;
    for (int k = 0; k < 9; k++) legal += b.cell[k] == 0;
    if (net_moves) {
        dl_mark mark = dl_tape_mark(dl);
        dl_tensor *q = dl_model_predict(net, encode(dl, &b, 1));
        first = last = q ? choose(&b, q->data) : 0;
        dl_tape_release(dl, mark);
        legal = 1;
    }
    for (int k = first; k <= last; k++) {
        ex_board next = b;
        if (b.cell[k] != 0) continue;
        const int end = ex_board_move(&next, k);
        if (end < 0) games_from(dl, net, next, !net_moves, p / legal, t);
        t->games += end >= 0;
        t->draws += end == 0;
        if (end == 1 && net_moves) {
            t->wins++;
            t->p_win += p / legal;
        } else if (end == 1) {
            t->losses++;
            t->p_loss += p / legal;
        }
    }
}

/* Every LOOK updates, and after the last, play all games: true if none is lost any more, or there
   is no more to come. */
static bool done(dl_ctx *dl, dl_model *net, int update, int last) {
    const ex_board empty = {{0}};
    if (dl_error(dl)) return true;
    if (update % LOOK != 0 && update != last) return false;
    memset(found.side, 0, sizeof found.side);
    for (int k = 0; k < 2; k++) {
        games_from(dl, net, empty, k == 0, 1, &found.side[k]);
        found.lost[k][found.looks] = 100.0 * found.side[k].losses / found.side[k].games;
    }
    found.looks++;
    found.updates = update;
    return update == last || found.side[0].losses + found.side[1].losses == 0;
}

/* CARTS episodes side by side, actions drawn from the policy. Returns all their steps. */
static int drive(dl_ctx *dl, dl_model *policy, episode *e) {
    ex_cart c[CARTS];
    int steps = 0;
    bool fallen[CARTS] = {false};
    for (int i = 0; i < CARTS; i++) {
        c[i] = ex_cart_new(dl_ctx_rng(dl));
        e[i].steps = 0;
    }
    for (int t = 0, running = CARTS; t < LONG && running > 0; t++) {
        dl_mark mark = dl_tape_mark(dl);
        dl_tensor *x = dl_zeros(dl, dl_shape2(CARTS, 4));
        for (int i = 0; x && i < CARTS; i++) ex_cart_look(x->data + 4 * i, &c[i]);
        dl_tensor *p = dl_softmax(dl_model_predict(policy, x));
        for (int i = 0; p && i < CARTS; i++) {
            if (fallen[i]) continue;
            memcpy(e[i].state[t], x->data + 4 * i, sizeof e[i].state[t]);
            e[i].action[t] = dl_rng_uniform(dl_ctx_rng(dl)) < (double)p->data[2 * i + 1];
            e[i].steps++;
            steps++;
            fallen[i] = !ex_cart_push(&c[i], e[i].action[t]);
            running -= fallen[i];
        }
        dl_tape_release(dl, mark);
    }
    return steps;
}

/* How long the pole stands in TESTED new episodes, on average, with the likelier action each time;
   at most TEST_STEPS, more than training ever saw. */
static double test_drive(dl_ctx *dl, dl_model *policy) {
    dl_rng r = dl_rng_new(7, 1);
    double steps = 0;
    for (int i = 0; i < TESTED; i++) {
        ex_cart c = ex_cart_new(&r);
        bool stands = true;
        for (int t = 0; stands && t < TEST_STEPS; t++) {
            dl_mark mark = dl_tape_mark(dl);
            dl_tensor *x = dl_zeros(dl, dl_shape2(1, 4));
            if (x) ex_cart_look(x->data, &c);
            stands = ex_cart_push(&c, dl_argmax(dl_model_predict(policy, x)) == 1);
            steps += 1 / (double)TESTED;
            dl_tape_release(dl, mark);
        }
    }
    return steps;
}

/* A grid of values v and the ways a (-1: none): in the terminal and as a figure. */
static void show_values(const double *v, const int *a, ex_page *page, bool quiet) {
    static const char *const arrow[WAYS] = {"↑", "→", "↓", "←"};
    const int W = 110, H = 74;
    if (page->f) ex_svg_begin(page, COLS * W + 4, ROWS * H + 4);
    for (int s = 0; s < CELLS; s++) {
        const bool wall = map[s] == '#', end = reward(s) != 0;
        const int x = 2 + s % COLS * W, y = 2 + s / COLS * H;
        char value[24], ink[40];
        snprintf(value, sizeof value, end ? "%+g" : "%.2f", end ? reward(s) : v[s]);
        if (!quiet && wall) printf("  ######");
        else if (!quiet) printf("  %4s %s", value, end ? " " : arrow[a[s]]);
        if (!quiet && s % COLS == COLS - 1) printf("\n");
        if (page->f == NULL) continue;
        const double light = end ? reward(s) : v[s];
        snprintf(ink, sizeof ink, wall ? "#555" : light < 0 ? "#F3B48C" : "rgb(%d,%d,255)",
                 (int)(255 - 130 * light), (int)(255 - 70 * light));
        fprintf(page->f, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" "
                "stroke=\"#333\"/>\n", x, y, W, H, ink);
        if (wall) continue;
        ex_svg_text(page, x + (end ? W / 2.0 : 42), y + 45, "middle", 22,
                    end ? "font-weight=\"bold\"" : "", value);
        if (!end) ex_svg_text(page, x + 86, y + 46, "middle", 26, "", arrow[a[s]]);
        if (map[s] == 'S') ex_svg_text(page, x + 8, y + 18, "start", 14, "", EX("start", "起点"));
    }
    if (page->f) ex_svg_end(page);
}

static void show_grid(const double *v, int sweeps, double q[CELLS][WAYS], const double *error,
                      ex_page *page, bool quiet) {
    double learned[CELLS], episodes[SHOTS];
    int a[CELLS], b[CELLS];
    const ex_axes axes = {EX("Q-learning: how far from the true values", "Q 学习：离真值多远"),
                          EX("episodes, thousands", "局数（千）"), EX("root mean square error", "均方根误差"),
                          0, 0, 0, 0, true};
    const ex_curve curve = {EX("max Q − V", "max Q − V"), episodes, error, SHOTS};
    for (int k = 0; k < SHOTS; k++) episodes[k] = (k + 1) * (EPISODES / SHOTS) / 1000.0;
    for (int s = 0; s < CELLS; s++) {
        double w[WAYS];
        for (int k = 0; k < WAYS; k++) w[k] = worth(v, s, k);
        a[s] = best(w);
        b[s] = best(q[s]);
        learned[s] = q[s][b[s]];
        found.cells += is_open(s);
        found.agree += is_open(s) && w[b[s]] > v[s] - 0.01;
    }
    found.q_error = error[SHOTS - 1];
    ex_page_formula(page, "V(s) = maxₐ Σ P(s′|s,a) (r + γ V(s′))");
    ex_show_text(page, quiet, 2, EX("A grid: what is each cell worth?", "格子世界：每一格值多少？"));
    ex_show_text(page, quiet, 0, EX("Computed from the rules, in %d sweeps (+1 goal, -1 pit, one "
                                    "step in five slips aside):", "由规则算出，扫 %d 遍（+1 终点，-1 陷阱，"
                                    "五步里有一步滑到旁边）："), sweeps);
    ex_page_figure(page, "16-values", EX("The value of each cell and the best way from it",
                                         "每一格的价值，和从那里出发最好的走法"));
    show_values(v, a, page, quiet);
    ex_show_text(page, quiet, 0, EX("Found by trying, without the rules, in %d episodes of "
                                    "Q-learning:",
                                    "不知道规则，试出来的，Q 学习 %d 局："), EPISODES);
    ex_page_figure(page, "16-learned", EX("The values that Q-learning found, and its ways",
                                          "Q 学习试出的价值和走法"));
    show_values(learned, b, page, quiet);
    ex_show_text(page, quiet, 0, EX("They differ by %.4f (root mean square); its way is as good as "
                                    "the best in %d cells of %d.",
                                    "两者相差 %.4f（均方根）；它的走法与最好的一样好的，有 %d 格，共 %d 格。"),
                 found.q_error, found.agree, found.cells);
    ex_page_figure(page, "16-learning", EX("The error of Q-learning, by episodes",
                                           "局数越多，Q 学习的误差越小"));
    ex_page_plot(page, axes, &curve, 1);
}

/* The net's Q on some boards: what it thinks of each empty cell. */
static void show_boards(dl_ctx *dl, dl_model *net, ex_page *page, bool quiet) {
    static const ex_board position[3] = {{{0, 0, 0, 0, 0, 0, 0, 0, 0}},
                                         {{-1, 0, 0, 0, 0, 0, 0, 0, 0}},
                                         {{-1, 0, 0, 0, 1, 0, 0, 0, -1}}};
    const int CELL = 58, WIDE = 3 * CELL + 40;
    dl_tensor *q = dl_model_predict(net, encode(dl, position, 3));
    if (!q) return;
    ex_show_text(page, quiet, 0, EX("What it (X) thinks of its moves: on an empty board, after O "
                                    "in a corner, after two corners:",
                                    "它（X）怎样看自己的每一步：空棋盘，对方（O）占角之后，对方占两个角之后："));
    ex_page_figure(page, "16-boards", EX("The value of each move on three boards",
                                         "三个局面里每一步的价值"));
    if (page->f) ex_svg_begin(page, 3 * WIDE - 32, 3 * CELL + 8);
    for (int i = 0; i < 9; i++) {
        for (int k = 0; k < 3; k++) {
            const int c = 3 * (i / 3) + i % 3, at = position[k].cell[c];
            const bool chosen = c == choose(&position[k], q->data + 9 * k);
            const int x = 4 + k * WIDE + i % 3 * CELL, y = 4 + i / 3 * CELL;
            char text[16];
            snprintf(text, sizeof text, at == 0 ? "%.2f" : at > 0 ? "X" : "O",
                     (double)q->data[9 * k + c]);
            if (page->f == NULL) continue;
            fprintf(page->f, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" "
                    "stroke=\"#333\"/>\n", x, y, CELL, CELL, chosen ? "#F5D76E" : "#fff");
            ex_svg_text(page, x + CELL / 2.0, y + (at ? 40 : 34), "middle", at ? 30 : 16, "", text);
        }
        for (int k = 0; k < 3 && !quiet && i % 3 == 0; k++) {
            for (int j = i; j < i + 3; j++) {
                if (position[k].cell[j]) printf("     %c", position[k].cell[j] > 0 ? 'X' : 'O');
                else printf(" %5.2f", (double)q->data[9 * k + j]);
            }
            printf(k == 2 ? "\n" : "     ");
        }
    }
    if (page->f) ex_svg_end(page);
    dl_tape_clear(dl);
}

static void show_games(dl_ctx *dl, dl_model *net, ex_page *page, bool quiet) {
    if (dl_error(dl)) return;
    const ex_axes axes = {EX("Tic-tac-toe: lost games, of all that there are", "井字棋：所有对局里输掉的"),
                          EX("updates", "更新次数"), EX("lost, %", "输掉的（%）"), 0, 0, 0, 0, false};
    double updates[LOOKS];
    const ex_curve curve[2] = {{EX("moving first", "先手"), updates, found.lost[0], found.looks},
                               {EX("moving second", "后手"), updates, found.lost[1], found.looks}};
    ex_show_text(page, quiet, 2, EX("Tic-tac-toe, against itself", "井字棋，自己和自己下"));
    ex_page_formula(page, "Q(s,a) ← r − γ maxₐ′ Q(s′,a′)");
    ex_show_text(page, quiet, 0, EX("After %d updates, all games that there are against it:",
                                    "更新 %d 次之后，与它下完所有可能的对局："), found.updates);
    for (int k = 0; k < found.looks; k++) updates[k] = fmin(k * LOOK, found.updates);
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("the net moves|games|won|drawn|lost|"
                                      "wins, random|loses, random", "网络走|对局|胜|和|负|对随机者胜|对随机者负"));
    for (int k = 0; k < 2; k++) {
        const tally *t = &found.side[k];
        ex_show_row(page, quiet, false, "%s|%d|%d|%d|%d|%.1f%%|%.1f%%", k ? EX("second", "后手") :
                    EX("first", "先手"), t->games, t->wins, t->draws, t->losses, 100 * t->p_win,
                    100 * t->p_loss);
    }
    ex_page_table(page, false);
    ex_page_figure(page, "16-lost", EX("The share of all games that the net loses, as it learns",
                                       "随着学习，网络在所有对局里输掉的比例"));
    ex_page_plot(page, axes, curve, 2);
    show_boards(dl, net, page, quiet);
}

static void show_carts(const double *steps, double before, double after, ex_page *page,
                       bool quiet) {
    const ex_axes axes = {EX("Cart-pole: steps until the pole falls", "小车倒立摆：杆倒下之前的步数"),
                          EX("updates", "更新次数"), EX("steps, 200 at most", "步数，最多 200"),
                          0, 0, 0, 210, false};
    const ex_curve curve = {EX("mean of 16 carts", "16 辆小车的平均"), NULL, steps, DRIVES};
    found.before = before;
    found.after = after;
    ex_show_text(page, quiet, 2, EX("Cart-pole", "小车倒立摆"));
    ex_page_formula(page, "w ← w + η Σ (Gₜ − bₜ) ∇ log p(aₜ|sₜ)");
    ex_show_text(page, quiet, 0, EX("Before: the pole stands for %.1f steps, the mean of %d "
                                    "episodes. After %d updates: %.1f of at most %d; in training "
                                    "it never saw more than %d.",
                                    "训练之前：杆站立 %.1f 步（%d 局平均）。%d 次更新之后：%.1f 步，上限 %d 步；"
                                    "训练时从没见过超过 %d 步的。"),
                 before, TESTED, DRIVES, after, TEST_STEPS, LONG);
    ex_page_figure(page, "16-cart", EX("How long the pole stands, as the policy learns",
                                       "随着学习，杆站立的步数"));
    ex_page_plot(page, axes, &curve, 1);
    ex_show_now_you(page, quiet,
                    EX("nothing slips any more (slip = 0). What is the start worth? Count the "
                       "steps, then try it.",
                       "如果不再滑倒（slip = 0），起点值多少？先数步数，再试。"),
                    EX("Eight steps to the goal; the last one brings 1, and each of the seven "
                       "before it costs a factor of 0.9: 0.9^7 = 0.478.",
                       "到终点八步；最后一步得 1，前面七步每步乘 0.9：0.9 的 7 次方是 0.478。"));
}

static void show_result(double seconds) {
    const tally *first = &found.side[0], *second = &found.side[1];
    ex_result("q_error=%.4f agree=%d cells=%d lost=%d games=%d win_first=%.4f win_second=%.4f "
              "updates=%d cart_before=%.1f cart_steps=%.1f seconds=%.2f", found.q_error,
              found.agree, found.cells, first->losses + second->losses,
              first->games + second->games, first->p_win, second->p_win, found.updates,
              found.before, found.after, seconds);
}
