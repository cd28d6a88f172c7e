/* The header is one directory up. This line lets the programs here include it as yours does, so
   that one of them, copied out with dl.h and example.h beside it, compiles as it is. */
#include "../dl.h"
