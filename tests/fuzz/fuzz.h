/* SPDX-License-Identifier: MIT */
/*
 * What every fuzz target includes.  A target takes its input apart, calls one
 * part of the program with it, and says with HOLDS() what is always true.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/message.h"
#include "common/secret.h"

/* libFuzzer calls them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define HOLDS(truth)                                                           \
    do {                                                                       \
        if (!(truth)) {                                                        \
            (void) fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__,     \
                           __LINE__, #truth);                                  \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* What is left of the bytes. */
struct input {
    const uint8_t *data;
    size_t len;
};

/* The next byte; 0 when there is none. */
uint8_t input_byte(struct input *input);

/* The next eight bytes, as a number; fewer at the end. */
uint64_t input_number(struct input *input);

/* Between the texts of one input. */
#define INPUT_SEPARATOR 0x1e

/*
 * The bytes up to the next separator, in a block of exactly that size and one
 * NUL, so that reading on is seen.  They may have a NUL of their own; with len
 * NULL they end there.  To be freed.
 */
char *input_text(struct input *input, size_t *len);

/* Printable ASCII, which has no line end either. */
bool is_printable(const char *text);

/* Exit unless the text and its NUL are in so many bytes. */
bool ends_within(const char *text, size_t size);

/* The same kind and the same fields. */
bool messages_equal(const struct message *a, const struct message *b);

#endif
