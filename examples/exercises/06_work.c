/* 06_work: measure, 15 minutes, level 3, harder

   Goal: know what a training loop will do before it runs. Work out five numbers on paper; each is
   accepted when it is off by no more than a tenth.
   目标：训练循环还没跑，先知道它会怎样。在纸上算出五个数，每个相差不超过十分之一就算对。

   Handwritten letters, 26 classes: 120000 images of 28 x 28 pixels, 50 at a time. The net is
   784-300-100-26, every layer with biases, ReLU between them; the loss is softmax with cross-entropy.
   手写字母，26 类：120000 张 28 x 28 的图，每批 50 张。网络是 784-300-100-26，每层带偏置，中间用 ReLU；
   损失是 softmax 加交叉熵。

   You may write sums: a[0] = 3 * 4 + 2;  可以写算式，也可以用 log()、exp().   docs: chapter 06 */
#include "exercise.h"

void answer(double *a)
{
    /* >>> five numbers   五个数 */
    a[0] = 0;   /* the loss of the first batch, before any update      第一批的损失，一次还没更新 */
    a[1] = 0;   /* updates in 4 epochs                                 4 轮里更新的次数 */
    a[2] = 0;   /* parameters of the net                               网络的参数个数 */
    a[3] = 0;   /* multiplications of weights, inputs and derivatives for one batch, forward and backward
                   (biases, ReLU and the loss do not count; the images need no derivative)
                   一批的前向与反向里，权重、输入、导数之间的乘法次数
                   （偏置、ReLU、损失不计；图像不需要导数） */
    a[4] = 0;   /* somebody takes softmax twice: below what can his loss never come?
                   有人多做了一次 softmax：他的损失怎么也降不到多少以下？ */
    /* <<< */
}
