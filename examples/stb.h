/* stb.h - stb_image for the programs that read pictures, where it is installed or data/fetch.sh has
   brought it; without it they say so. Included before dl.h. In what make builds, it has gone into
   the library (DL_IMPLEMENTED). */
#ifndef EX_STB_H
#define EX_STB_H
#if defined(__GNUC__)
#pragma GCC system_header
#endif
#if defined(__has_include)
#if __has_include(<stb/stb_image.h>)
#define EX_STB <stb/stb_image.h>
#elif __has_include("../data/stb/stb_image.h")
#define EX_STB "../data/stb/stb_image.h"
#endif
#endif
#if defined(EX_STB) && !defined(DL_IMPLEMENTED)
#define DL_USE_STB_IMAGE
#define STB_IMAGE_IMPLEMENTATION
#include EX_STB
#endif
#endif
