/* play.c - dl.h for the playground: what the page calls, compiled to WebAssembly by build.py.

   One file of C a panel; each is an ordinary user of dl.h. */
#define DL_NO_STDIO
#define DL_IMPLEMENTATION
#include "../../dl.h"

#include "play.h"
#include "points.c"
#include "digits.c"
#include "convolve.c"
#include "race.c"
#include "memory.c"
#include "language.c"
