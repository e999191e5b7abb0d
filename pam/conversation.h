/* SPDX-License-Identifier: MIT */
#ifndef PAM_CONVERSATION_H
#define PAM_CONVERSATION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/message.h"
#include "common/secret.h"
#include "pam/log.h"
#include "pam/options.h"

/*
 * Whether there may be a person who can answer: false without a conversation
 * function, and for services that never have one (cron and its like).
 */
bool conversation_possible(pam_handle_t *pamh);

/*
 * left: seconds that this host waits, or 0.  Show the code and URL of a PROMPT
 * message, and its QR code where it can be seen, and wait until the user says
 * that it is approved.  In one text with a prompt, because OpenSSH before 10.3
 * shows an information only with the next prompt.  0, or -ECANCELED when the
 * user went away or cannot be asked.
 */
int conversation_approve(const struct context *ctx,
                         const struct message *prompt, int64_t left) MUST_CHECK;

/*
 * The password, from an earlier module or from the user, as the options say.
 * 0, -ENODATA when an earlier module had to have one and has not, or
 * -ECANCELED. The caller clears *out.
 */
int conversation_password(const struct context *ctx,
                          const struct options *options,
                          struct secret *out) MUST_CHECK;

#endif
