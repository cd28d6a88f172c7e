//@ solution
    for (int j = 0; j < 3; j++) {
        for (int r = 0; r < 3; r++) w1[j * 9 + 3 * r + j] = 1;
        b1[j] = -2;
        w2[j] = 1;
    }
    b2[0] = (dl_real)-0.5;
//@ wrong on-the-border
    for (int j = 0; j < 3; j++) {
        for (int r = 0; r < 3; r++) w1[j * 9 + 3 * r + j] = 1;
        b1[j] = -2;
        w2[j] = 1;
    }
//@ wrong all-positive
    for (int j = 0; j < 3; j++) {
        for (int r = 0; r < 3; r++) w1[j * 9 + 3 * r + j] = 1;
        w2[j] = 1;
    }
    b2[0] = (dl_real)-0.5;
//@ wrong all-negative
    for (int j = 0; j < 3; j++) {
        for (int r = 0; r < 3; r++) w1[j * 9 + 3 * r + j] = 1;
        b1[j] = -3;
        w2[j] = 1;
    }
    b2[0] = (dl_real)-0.5;
//@ wrong all-zero
    for (int j = 0; j < 3; j++) {
        for (int r = 0; r < 3; r++) w1[j * 9 + 3 * r + j] = 1;
        b1[j] = -2;
    }
//@ wrong sign
    for (int j = 0; j < 3; j++) {
        for (int c = 0; c < 3; c++) w1[j * 9 + 3 * j + c] = 1;
        b1[j] = -2;
        w2[j] = 1;
    }
    b2[0] = (dl_real)-0.5;
