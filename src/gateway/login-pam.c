/* SPDX-License-Identifier: ISC
 *
 * Logins by PAM, in a worker that has the rights its modules need.
 */
#include "gateway/login-private.h"

#include "base/mem.h"

#include <security/pam_appl.h>
#include <stdlib.h>

/* A service of the system's, or the path of a file that describes one. */
static char service[256], *directory;

static int pam_open(const char *place, int64_t timeout_s, struct buf *why)
{
	(void)timeout_s;
	const char *slash = strrchr(place, '/');
	if (slash)
		directory = mem_strndup(place, (size_t)(slash - place));
	if (str_copy(service, sizeof(service), str_of(slash ? slash + 1 : place)))
		return ERR_OK;
	buf_printf(why, "%s: expected a shorter name", place);
	return ERR_LIMIT;
}

static char *answer_to(const struct pam_message *message, const struct login_job *job)
{
	switch (message->msg_style) {
	case PAM_PROMPT_ECHO_OFF:
		return mem_strndup(job->password, job->password_n);
	case PAM_PROMPT_ECHO_ON:
		return mem_strndup(job->name, job->name_n);
	default:
		return NULL;
	}
}

/* PAM frees what it is given. */
static int converse(int n, const struct pam_message **messages, struct pam_response **out,
                    void *arg)
{
	if (n <= 0 || n > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	struct pam_response *answers = calloc((size_t)n, sizeof(*answers));
	if (!answers)
		return PAM_BUF_ERR;
	for (int i = 0; i < n; i++)
		answers[i].resp = answer_to(messages[i], arg);
	*out = answers;
	return PAM_SUCCESS;
}

/* How long a wrong one waits is throttle.h's. */
static void no_delay(int status, unsigned delay_us, void *arg)
{
	(void)status;
	(void)delay_us;
	(void)arg;
}

/* What only says that it could not be found out. */
static enum gateway_login_answer answer_of(int rc)
{
	switch (rc) {
	case PAM_SUCCESS:
		return GATEWAY_LOGIN_YES;
	case PAM_AUTH_ERR: case PAM_USER_UNKNOWN: case PAM_MAXTRIES: case PAM_PERM_DENIED:
	case PAM_ACCT_EXPIRED: case PAM_NEW_AUTHTOK_REQD: case PAM_CRED_INSUFFICIENT:
	case PAM_AUTHTOK_EXPIRED:
		return GATEWAY_LOGIN_NO;
	default:
		return GATEWAY_LOGIN_LATER;
	}
}

static int try(pam_handle_t *pam, const struct login_job *job)
{
	char peer[IP_TEXT_MAX];
	union {
		void (*delay)(int, unsigned, void *);
		const void *item;
	} none = { .delay = no_delay };
	int rc = job->peer.family ? pam_set_item(pam, PAM_RHOST, ip_format(&job->peer, peer)) :
	                            PAM_SUCCESS;
	if (rc == PAM_SUCCESS)
		rc = pam_set_item(pam, PAM_FAIL_DELAY, none.item);
	if (rc == PAM_SUCCESS)
		rc = pam_authenticate(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
	return rc == PAM_SUCCESS ? pam_acct_mgmt(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK) : rc;
}

static int pam_ask(const struct login_job *job, struct login_result *result)
{
	struct pam_conv conversation = { .conv = converse, .appdata_ptr = (void *)job };
	char name[GATEWAY_LOGIN_NAME_MAX + 1];
	pam_handle_t *pam = NULL;
	const void *user = NULL;
	str_copy(name, sizeof(name), login_job_name(job));
	int rc = pam_start_confdir(service, name, &conversation, directory, &pam);
	if (rc != PAM_SUCCESS)
		return ERR_CLOSED;
	rc = try(pam, job);
	result->answer = answer_of(rc);
	/* A module may say who it really is. */
	if (rc == PAM_SUCCESS && pam_get_item(pam, PAM_USER, &user) == PAM_SUCCESS && user) {
		size_t n = strlen(user);
		if (n > sizeof(result->name))
			result->answer = GATEWAY_LOGIN_LATER;
		else
			memcpy(result->name, user, result->name_n = (uint16_t)n);
	}
	pam_end(pam, rc);
	return ERR_OK;
}

const struct login_backend login_pam = {
	.name = "pam", .has_place = true,
	.place_expected = "a service of PAM, as pam:smtp or pam:/etc/portreeve/pam/smtp",
	.rights = LOGIN_KEEPS_ROOT, .open = pam_open, .ask = pam_ask,
};
