//@ solution
    (void)B;
    (void)batches;
    for (dl_int i = 0; i < N; i++) {
        sum += loss[i];
        if (guess[i] == label[i]) right++;
    }
    mean[0] = sum / (dl_real)N;
    accuracy[0] = (dl_real)right / (dl_real)N;
//@ wrong mean-of-means
    for (dl_int from = 0; from < N; from += B) {
        const dl_int to = from + B < N ? from + B : N;
        dl_real batch = 0;
        for (dl_int i = from; i < to; i++) {
            batch += loss[i];
            if (guess[i] == label[i]) right++;
        }
        sum += batch / (dl_real)(to - from);
        batches++;
    }
    mean[0] = sum / (dl_real)batches;
    accuracy[0] = (dl_real)right / (dl_real)N;
//@ wrong whole-numbers
    for (dl_int from = 0; from < N; from += B) {
        const dl_int to = from + B < N ? from + B : N;
        for (dl_int i = from; i < to; i++) {
            sum += loss[i];
            if (guess[i] == label[i]) right++;
        }
        batches++;
    }
    mean[0] = sum / (dl_real)N;
    accuracy[0] = (dl_real)(right / N);
//@ wrong full-batches
    for (dl_int i = 0; i < N; i++) {
        sum += loss[i] / (dl_real)B;
        if (guess[i] == label[i]) right++;
        if (i % B == 0) batches++;
    }
    mean[0] = sum / (dl_real)batches;
    accuracy[0] = (dl_real)right / (dl_real)N;
//@ wrong percent
    for (dl_int i = 0; i < N; i++) {
        sum += loss[i];
        if (guess[i] == label[i]) right++;
    }
    mean[0] = sum / (dl_real)N;
    accuracy[0] = 100 * (dl_real)right / (dl_real)N;
    (void)batches;
//@ wrong only-sum
    for (dl_int i = 0; i < N; i++) {
        sum += loss[i];
        if (guess[i] == label[i]) right++;
    }
    mean[0] = sum;
    accuracy[0] = (dl_real)right / (dl_real)N;
    (void)batches;
//@ wrong out-of-bounds
    for (dl_int from = 0; from < N; from += B) {
        for (dl_int i = from; i < from + B; i++) {
            sum += loss[i];
            if (guess[i] == label[i]) right++;
        }
        batches++;
    }
    mean[0] = sum / (dl_real)N;
    accuracy[0] = (dl_real)right / (dl_real)N;
