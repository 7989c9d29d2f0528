/* base/config.h -- the copy of a configuration that a cluster keeps. */
#ifndef ASC_BASE_CONFIG_H
#define ASC_BASE_CONFIG_H

#include "asc/config.h"
#include "asc/error.h"

/* Copy a configuration with its strings and hosts, and raise what lies below its
 * minimum. The caller clears *to even when this fails. ASC_ERR_NOMEM. */
asc_status asc_config_copy(asc_config *to, const asc_config *from, asc_error *err);

/* Do two copies ask for the same cluster? Transports, credentials and the time for
 * connecting are not looked at. */
bool asc_config_equal(const asc_config *a, const asc_config *b);

/* Free what a copy owns; a zeroed one owns nothing. */
void asc_config_clear(asc_config *config);

/* The transport over which users log in. */
const asc_transport *asc_config_login_transport(const asc_config *config);

/* How long one address may take to be connected to and to answer; `enters`: to be
 * logged in at, too. */
uint32_t asc_config_answer_ms(const asc_config *config, bool enters);

#endif
