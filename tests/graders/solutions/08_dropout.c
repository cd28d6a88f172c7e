//@ solution
        y[i] = u[i] < p ? 0 : x[i] / (1 - p);
//@ wrong not-scaled
        y[i] = u[i] < p ? 0 : x[i];
//@ wrong drops-others
        y[i] = u[i] >= p ? 0 : x[i] / (1 - p);
//@ wrong divided-by-p
        y[i] = u[i] < p ? 0 : x[i] / p;
//@ wrong times-keep
        y[i] = u[i] < p ? 0 : x[i] * (1 - p);
//@ wrong keeps-with-p
        y[i] = u[i] < p ? x[i] / p : 0;
//@ wrong nothing-dropped
        y[i] = x[i] / (1 - p);
//@ wrong unfinished
        if (u[i] >= p) y[i] = x[i] / (1 - p);
