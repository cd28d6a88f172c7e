/* exercise.h - what every exercise may use: the number type dl_real and the size type dl_int of
   dl.h, its structs and declarations, and the usual parts of C. The functions of dl.h are not
   linked, unless the exercise says so: what they do is for you to write. */
#ifndef EXERCISE_H_INCLUDED
#define EXERCISE_H_INCLUDED
#ifdef DL_IMPLEMENTATION
#error "DL_IMPLEMENTATION has no place in an exercise   练习里不要定义 DL_IMPLEMENTATION"
#endif
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dl.h"
#endif
