//@ solution
            dl_real sum = 0;
            for (dl_int k = 0; k < M; k++) sum += delta2[i * M + k] * w2[k * H + j];
            delta1[i * H + j] = z1[i * H + j] > 0 ? sum : 0;
//@ wrong gate-by-sum
            dl_real sum = 0;
            for (dl_int k = 0; k < M; k++) sum += delta2[i * M + k] * w2[k * H + j];
            delta1[i * H + j] = sum > 0 ? sum : 0;
//@ wrong w-transposed
            dl_real sum = 0;
            for (dl_int k = 0; k < M; k++) sum += delta2[i * M + k] * w2[j * M + k];
            delta1[i * H + j] = z1[i * H + j] > 0 ? sum : 0;
//@ wrong no-slope
            dl_real sum = 0;
            for (dl_int k = 0; k < M; k++) sum += delta2[i * M + k] * w2[k * H + j];
            delta1[i * H + j] = sum;
//@ wrong z-as-slope
            dl_real sum = 0;
            for (dl_int k = 0; k < M; k++) sum += delta2[i * M + k] * w2[k * H + j];
            delta1[i * H + j] = sum * z1[i * H + j];
//@ wrong both-faults
            dl_real sum = 0;
            for (dl_int k = 0; k < M; k++) sum += w2[j * M + k] * delta2[i * M + k];
            delta1[i * H + j] = sum < 0 ? 0 : sum;
//@ wrong unfinished
            dl_real sum = 0;
            for (dl_int k = 0; k < M; k++) sum += delta2[i * M + k] * w2[k * H + j];
            if (z1[i * H + j] > 0) delta1[i * H + j] = sum;
//@ wrong row-of-m
            dl_real sum = 0;
            for (dl_int k = 0; k < M; k++) sum += delta2[i * M + k] * w2[k * M + j];
            delta1[i * H + j] = z1[i * H + j] > 0 ? sum : 0;
