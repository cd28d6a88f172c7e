/* 00_count
@en 1
A layer with D inputs and M units has a weight for each pair, D x M, and M biases.
@zh 1
一层有 D 个输入、M 个单元：每一对有一个权重，共 D x M 个，再加 M 个偏置。
@en 2
The net has two layers: from 784 to 128, and from 128 to 10. Every weight is used in one
multiplication for each image; a bias is only added.
@zh 2
这个网络有两层：784 到 128，128 到 10。每张图，每个权重用在一次乘法里；偏置只是加上去。
@en 3
An update takes 128 images, so an epoch has 60000 / 128 of them (the last, smaller batch counts).
@zh 3
每次更新用 128 张图，所以一轮有 60000 / 128 次（最后不满 128 张的也算一次）。
@en after
7850, 101770, 101632 and 469. Nearly all of the net sits in its first layer, which looks at the
pixels: 784 x 128 weights. Convolutions (chapter 09) exist to make that number small.
To think about: which is larger, the net, or the 60000 images of 784 bytes it learns from?
@zh after
7850，101770，101632，469。网络几乎全在第一层，也就是看像素的那一层：784 x 128 个权重。
卷积（第 09 章）就是为了让这个数变小。
想一想：哪个更大，是这个网络，还是它要学的 60000 张图（每张 784 字节）？
*/
#include "grader.h"

#ifdef CHILD
static void call_answer(args *a) {
    double number[4] = {0, 0, 0, 0};
    answer(number);
    for (int i = 0; i < 4; i++) R(a)[i] = (dl_real)number[i];
}
#endif
const entry entries[MOST_ENTRIES] = {{"answer", "=a[4]", LEARNERS(call_answer), 0}};

#ifndef CHILD
const grader the_grader = {
    .hand = {{0, "-> a=7850,101770,101632,469"}},
    .secret = true,
    .inexact = true,
    .tolerance = 0.1,
};
#endif
