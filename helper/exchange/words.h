/* SPDX-License-Identifier: MIT */
#ifndef EXCHANGE_WORDS_H
#define EXCHANGE_WORDS_H

#include <stdbool.h>

/*
 * Whether one of the words, which have spaces between them, is this one, byte
 * for byte.  What is empty or has a space in it is no word.
 */
bool words_have(const char *words, const char *word);

#endif
