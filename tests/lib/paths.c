/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "tests/lib/paths.h"

const char *const fake_program = EXCHANGE_PATH;
const char *const built_helper = BUILD_DIR "/oidc-session-helper";
const char *const built_exchange = BUILD_DIR "/oidc-session-exchange";
const char *const source_dir = SOURCE_DIR;
const char *const built_command = BUILD_DIR "/oidc-session";
