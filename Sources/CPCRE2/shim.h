#pragma once
// Code units of one byte: patterns and subjects are UTF-8, offsets are bytes.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
