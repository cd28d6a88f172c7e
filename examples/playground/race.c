/* race.c - panel 4: optimizers race downhill from one place (chapters 3 and 5). */

enum { RACERS = 8 };

static struct {
    dl_ctx       *dl;
    int           surface;
    dl_tensor    *at[RACERS];             /* [2]: where it is */
    dl_optimizer *opt[RACERS];
    float         place[RACERS][3];       /* x, y, height */
    float        *map;
} race;

/* The height of n places x [n], y [n], as a formula of dl.h, so that dl_backward knows the slope. */
static dl_tensor *race_height(int surface, dl_tensor *x, dl_tensor *y)
{
    dl_tensor *a, *b;
    switch (surface) {
    case 0:                               /* a long valley: (x^2 + 20 y^2) / 10 */
        return dl_div_scalar(dl_add(dl_square(x), dl_mul_scalar(dl_square(y), 20)), 10);
    case 1:                               /* Rosenbrock's banana: (1-x)^2 + 10 (y - x^2)^2 */
        a = dl_square(dl_scalar_sub(1, x));
        b = dl_square(dl_sub(y, dl_square(x)));
        return dl_add(a, dl_mul_scalar(b, 10));
    case 2:                               /* a saddle: x^2 / 2 - y^2 / 2 + y^4 / 16 */
        a = dl_sub(dl_square(x), dl_square(y));
        return dl_add(dl_div_scalar(a, 2), dl_div_scalar(dl_pow(y, 4), 16));
    case 3:                               /* Himmelblau: four valleys */
        a = dl_square(dl_sub_scalar(dl_add(dl_square(x), y), 11));
        b = dl_square(dl_sub_scalar(dl_add(x, dl_square(y)), 7));
        return dl_div_scalar(dl_add(a, b), 20);
    default:                              /* hills in a bowl: a wave of tanh's on x^2 + y^2 */
        a = dl_div_scalar(dl_add(dl_square(x), dl_square(y)), 4);
        b = dl_tanh(dl_mul_scalar(dl_sub_scalar(dl_square(dl_sub_scalar(dl_abs(x), 1.5)), 0.5), 2));
        return dl_add(a, dl_scalar_sub(1, b));
    }
}

/* The heights at side x side places of the square, the first row on top. */
FOR_PAGE(race_map) const float *race_map(int surface, int side, double reach)
{
    dl_ctx *dl = play_begin(NULL, 1);
    const int n = side * side;
    dl_tensor *x = dl_zeros(dl, dl_shape1(n)), *y = dl_zeros(dl, dl_shape1(n));
    for (int i = 0; x && y && i < n; i++) {
        x->data[i] = (dl_real)(reach * (2.0 * (i % side) + 1 - side) / side);
        y->data[i] = (dl_real)(reach * (side - 1 - 2.0 * (i / side)) / side);
    }
    dl_tensor *h = race_height(surface, x, y);
    free(race.map);
    race.map = (float *)malloc(sizeof(float) * (size_t)n + 1);
    if (race.map && h) play_put(race.map, h->data, n);
    dl_free(dl);
    return race.map;
}

/* All to the start; rate[k]: racer k's learning rate, racers in the order of play_optimizer. */
FOR_PAGE(race_start) int race_start(int surface, double x, double y, const float *rate)
{
    const dl_real at[2] = {(dl_real)x, (dl_real)y};
    race.dl = play_begin(race.dl, 1);
    race.surface = surface;
    for (int k = 0; k < RACERS; k++) {
        race.at[k] = dl_param_from(race.dl, dl_shape1(2), at);
        race.opt[k] = dl_optimizer_new(race.dl, play_optimizer(k, (double)rate[k]), &race.at[k], 1);
        if (!race.opt[k]) return 0;
        race.place[k][0] = at[0];
        race.place[k][1] = at[1];
    }
    return 1;
}

/* One step each: where they were before it, x, y and height of each. Who has left the map by far
   stays where he is. */
FOR_PAGE(race_step) const float *race_step(void)
{
    for (int k = 0; k < RACERS; k++) {
        float *p = race.place[k];
        dl_tensor *h = race_height(race.surface, dl_slice(race.at[k], 0, 0, 1),
                                   dl_slice(race.at[k], 0, 1, 2));
        play_put(p, race.at[k]->data, 2);
        p[2] = (float)dl_item(h);
        if (fabs((double)p[0]) < 100 && fabs((double)p[1]) < 100) {
            dl_optimizer_zero_grad(race.opt[k]);
            dl_backward(dl_sum(h));
            dl_optimizer_step(race.opt[k]);
        }
        dl_tape_clear(race.dl);
    }
    return race.place[0];
}
