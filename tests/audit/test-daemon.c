/* SPDX-License-Identifier: ISC
 *
 * How servers are started: command lines of processes and files of the system, and what of them a
 * second server gets.
 */
#include "test.h"

#include "memory-files.h"

#include "audit/daemon.h"
#include "audit/shell-words.h"
#include "audit/config.h"

#define DEFAULT "/etc/default/exim4"
#define SENDMAIL "/etc/mail/sendmail.conf"
#define EXIM_OVERRIDE "/etc/systemd/system/exim4.service.d/a.conf"
#define EXEC "[Service]\nExecStart="
#define UNITS "/usr/lib/systemd/system/"

/* ---- a shell's file ---------------------------------------------------------------- */

/* The value of A: "LINE VALUE", behind "?" not known; "" if it is not set. */
static const struct {
	const char *text, *want;
} values[] = {
	{ "A=b\n", "1 b" }, { "A='-oX 25:587'\n", "1 -oX 25:587" },
	{ "\n#A=x\n  A=\"b c\" # d\n", "3 b c" },
	{ "A=b\nA=c", "2 c" }, { "A=", "1 " }, { "A='b'\"c\"d\\ e;A2=x", "1 bcd e" },
	{ "export A=b B=c", "1 b" }, { "AB=b\n", "" }, { "XA=b", "" }, { "A =b\n", "" },
	{ "B=7; A=\"-oX $B:${B}9\"", "1 -oX 7:79" }, { "A='$B'\n", "1 $B" }, { "A=\\$B", "1 $B" },
	{ "A=\"a\\\"b\\\\c\\d\"", "1 a\"b\\c\\d" }, { "A=\"b\\\nc\"\n", "1 bc" },
	{ "A='b\nc'\nB=x", "1 b\nc" },
	{ "B=1\nif [ -f /x ]; then A=b; fi\n", "2 b" }, { "[ -f /x ] && A=b", "1 b" },
	{ "echo A=b", "" }, { "A=$(hostname)\n", "? $" }, { "A=`hostname`", "? `hostname`" },
	{ "A=\"${B:-c}\"", "? ${B:-c}" }, { "A=b\r\nB=c\r\n", "1 b" }, { "\"A\"=b", "" },
	{ "A='never ends\nB=c\n", "1 never ends\nB=c\n" }, { "A=$UNSET", "1 " }, { "A=b$", "1 b$" },
	{ "A=b&\nB=\\", "1 b" }, { "", "" }, { "A=\xff\xfe", "1 \xff\xfe" },
};

static const char *said(const struct shell_values *all, struct arena *a)
{
	const struct shell_value *v = shell_value_of(all, "A");
	return !v ? "" : v->unknown ? arena_printf(a, "? %s", v->text)
	                            : arena_printf(a, "%u %s", v->line, v->text);
}

static void a_shell_reads_it_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct arena a = { 0 };
		struct shell_values *all = arena_alloc(&a, sizeof(*all));
		shell_values_read(str_of(values[i].text), &a, all);
		if (strcmp(said(all, &a), values[i].want))
			fail_msg("%s: expected \"%s\", found \"%s\"", values[i].text, values[i].want,
			         said(all, &a));
		arena_fini(&a);
	}
}

/* What doubles itself, megabyte words, bytes that are none: an end, and nothing too long. */
static void hostile_files_come_to_an_end(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct buf text = { 0 };
	struct shell_values *all = arena_alloc(&a, sizeof(*all));
	buf_add_cstr(&text, "A=xxxxxxxxxxxxxxxx\n");
	for (int i = 0; i < 60; i++)
		buf_add_cstr(&text, "A=$A$A$A$A\n");
	shell_values_read(buf_str(&text), &a, all);
	const struct shell_value *v = shell_value_of(all, "A");
	assert_true(v && v->unknown && strlen(v->text) <= SHELL_VALUE_MAX_BYTES);
	buf_clear(&text);
	buf_add_cstr(&text, "A=");
	for (int i = 0; i < 1 << 20; i++)
		buf_add_byte(&text, i % 251 ? 'y' : '\0');
	for (int i = 0; i < 500; i++)
		buf_printf(&text, "\nV%d=$(", i);
	shell_values_read(buf_str(&text), &a, all);
	assert_true(all->n <= SHELL_NAMES_MAX);
	buf_fini(&text);
	arena_fini(&a);
}

/* ---- options -------------------------------------------------------------------- */

/* What is said: the words that are passed on, between commas; "config=", "listen=", "tls",
 * "unknown". "-": nothing is known. */
static const char *options_text(const struct daemon_options *d, bool known, struct arena *a)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < d->n; i++)
		buf_printf(&b, "%s%s", i ? "," : "", d->words[i]);
	assert_null(d->words[d->n]);
	if (d->config)
		buf_printf(&b, " config=%s", d->config);
	if (d->listen)
		buf_printf(&b, " listen=%s", d->listen);
	buf_printf(&b, "%s%s", d->tls_first ? " tls" : "", d->unknown ? " unknown" : "");
	const char *text = known ? arena_strdup(a, buf_str(&b)) : "-";
	buf_fini(&b);
	return text;
}

#define S(text) { text, sizeof(text) }
static const struct {
	enum mta mta;
	struct str command, environment;
	const char *want;
} processes[] = {
	{ MTA_EXIM, S("/usr/sbin/exim4\0-bd\0-q30m"), S(""), "" },
	{ MTA_EXIM, S("/usr/sbin/exim4\0-bd\0-q30m\0-oX\00025:587\0-oP\0/run/x"), S(""),
	  "-oX,25:587 listen=25:587" },
	{ MTA_EXIM, S("exim\0-bdf\0-DOPEN=yes\0-C\0/etc/my.conf\0-tls-on-connect"), S("A=b"),
	  "-DOPEN=yes,-C,/etc/my.conf,-tls-on-connect config=/etc/my.conf tls" },
	{ MTA_EXIM, S("/usr/sbin/exim4\0-C/etc/my.conf\0-bd\0-oX"), S(""),
	  "-C,/etc/my.conf config=/etc/my.conf" },
	{ MTA_EXIM, S("/usr/sbin/sendmail\0-bd\0-oX\00025"), S(""), "-" },
	{ MTA_EXIM, S(""), S(""), "-" },
	{ MTA_POSTFIX, S("/usr/lib/postfix/sbin/master\0-w"), S("A=b\0MAIL_CONFIG=/etc/postfix-out\0C=d"),
	  " config=/etc/postfix-out" },
	{ MTA_POSTFIX, S("/usr/lib/postfix/sbin/master\0-c\0/etc/p2\0-w"), S(""), " config=/etc/p2" },
	{ MTA_POSTFIX, S("/usr/lib/postfix/sbin/master\0-w"), S("MAIL_CONFIG="), "" },
	/* Titles. */
	{ MTA_SENDMAIL, S("sendmail: MTA: accepting connections"), S(""), "-" },
	{ MTA_OPENSMTPD, S("smtpd: [priv]"), S(""), "-" },
	/* What is none: of who listens by such a title the parent is asked, or the pid file. */
	{ MTA_OPENSMTPD, S("smtpd\0-d"), S(""), "" },
	{ MTA_OPENSMTPD, S("/usr/sbin/smtpd\0-f\0/etc/x.conf\0-D\0a=b"), S(""),
	  "-f,/etc/x.conf,-Da=b config=/etc/x.conf" },
	{ MTA_SENDMAIL, S("sendmail-mta\0-bd\0-C/etc/x.cf"), S(""), "-C,/etc/x.cf config=/etc/x.cf" },
};

/* Sendmail's, of process 83. */
static const struct { const char *text, *want; } pid_files[] = {
	{ "83\n/usr/libexec/sendmail/sendmail -bD -q10s\n", "" },
	{ "83\n/usr/sbin/sendmail-mta -L sm-mta -C /etc/mail/x.cf -bd -OA=b", "-C,/etc/mail/x.cf,-OA=b "
	  "config=/etc/mail/x.cf" },
	{ "84\n/usr/sbin/sendmail -bd\n", "-" }, { "83\n", "-" }, { "83\n/usr/sbin/exim4 -bd\n", "-" },
	{ "", "-" }, { "x\n/usr/sbin/sendmail\n", "-" },
	{ "83\nsendmail -bd -ODaemonPortOptions=Port=25, Name=x\n",
	  "-ODaemonPortOptions=Port=25, unknown" },
};

static void pid_files_say_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pid_files) / sizeof(*pid_files); i++) {
		struct arena a = { 0 };
		struct daemon_options d;
		const bool known = daemon_of_pid_file(str_of(pid_files[i].text), 83, &a, &d);
		assert_string_equal(options_text(&d, known, &a), pid_files[i].want);
		arena_fini(&a);
	}
}

/* Two that are started otherwise differ in their texts. */
static void texts_tell_them_apart(void **state)
{
	(void)state;
	static const struct { enum mta mta; struct str command; const char *want; } texts[] = {
		{ MTA_EXIM, S("exim4\0-bd\0-q30m"), "" },
		{ MTA_EXIM, S("exim4\0-bd\0-oX\000587\0-C\0/etc/x"), "-oX 587 -C /etc/x" },
		{ MTA_POSTFIX, S("master\0-c\0/etc/postfix/"), "" },
		{ MTA_POSTFIX, S("master\0-c\0/etc/postfix-out//"), "/etc/postfix-out" },
		{ MTA_POSTFIX, S("master\0-w"), "" },
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct arena a = { 0 };
		struct daemon_options d;
		assert_true(daemon_of_process(texts[i].mta, texts[i].command, STR(""), &a, &d));
		assert_string_equal(daemon_text(texts[i].mta, &d, &a), texts[i].want);
		arena_fini(&a);
	}
}


static void processes_say_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(processes) / sizeof(*processes); i++) {
		struct arena a = { 0 };
		struct daemon_options d;
		const bool known = daemon_of_process(processes[i].mta, processes[i].command,
		                                     processes[i].environment, &a, &d);
		const char *text = options_text(&d, known, &a);
		if (strcmp(text, processes[i].want))
			fail_msg("process %zu: expected \"%s\", found \"%s\"", i, processes[i].want, text);
		arena_fini(&a);
	}
}

static const struct {
	enum mta mta;
	struct memory_file files[6];
	const char *want;
	unsigned line;
} files_rows[] = {
	{ MTA_EXIM, { { "/etc/none", "" } }, "-" },
	{ MTA_EXIM, { { DEFAULT, "QUEUERUNNER='combined'\nCOMMONOPTIONS=''\nQUEUERUNNEROPTIONS=''\n" } },
	  "-" },
	{ MTA_EXIM, { { DEFAULT, "SMTPLISTENEROPTIONS='-oX 25:587:10025 -oP /run/exim4/exim.pid'\n" } },
	  "-oX,25:587:10025 listen=25:587:10025", 1 },
	{ MTA_EXIM, { { DEFAULT, "COMMONOPTIONS=-DA=1\nQUEUERUNNEROPTIONS=-DB=2\nQUEUERUNNER=separate\n" } },
	  "-DA=1", 1 },
	{ MTA_EXIM, { { DEFAULT, "COMMONOPTIONS=-DA=1\nQUEUERUNNEROPTIONS=-DB=2\n" } }, "-DA=1,-DB=2", 2 },
	/* Quotes within a value are bytes. */
	{ MTA_EXIM, { { DEFAULT, "SMTPLISTENEROPTIONS=\"-oX '25'\"\n" } }, "-oX,'25' listen='25'", 1 },
	{ MTA_EXIM, { { DEFAULT, "SMTPLISTENEROPTIONS=\"-oX $(cat /x)\"\n" } },
	  "-oX,$(cat listen=$(cat unknown", 1 },
	{ MTA_EXIM, { { DEFAULT, "COMMONOPTIONS='-DA=1 -DB=1 -DC=1 -DD=1 -DE=1 -DF=1 -DG=1 -DH=1 -DI=1 "
	    "-DJ=1 -DK=1 -DL=1 -DM=1 -DN=1 -DO=1 -DP=1 -DQ=1'\n" } },
	  "-DA=1,-DB=1,-DC=1,-DD=1,-DE=1,-DF=1,-DG=1,-DH=1,-DI=1,-DJ=1,-DK=1,-DL=1,-DM=1,-DN=1,-DO=1,"
	  "-DP=1 unknown", 1 },
	{ MTA_SENDMAIL, { { SENDMAIL, "DAEMON_MODE=\"Daemon\";\nDAEMON_PARMS=\"-O DaemonPortOptions="
	    "Port=2525 -C/etc/mail/my.cf\";\nMISC_PARMS=\"-d0.1\";\n" } },
	  "-ODaemonPortOptions=Port=2525,-C,/etc/mail/my.cf config=/etc/mail/my.cf", 2 },
	{ MTA_SENDMAIL, { { SENDMAIL, "SPLIT_DAEMON=\"1\";\nQUEUE_PARMS=\"-OA=b\";\n" } }, "-" },
	{ MTA_OPENSMTPD, { { "/etc/default/opensmtpd", "CONFIG=/etc/smtpd.open.conf\n" } },
	  "-f,/etc/smtpd.open.conf config=/etc/smtpd.open.conf", 1 },
	{ MTA_POSTFIX, { { "/etc/default/postfix", "OPTIONS=-c\n" } }, "-" },

	/* Units of systemd. */
	{ MTA_OPENSMTPD, { { UNITS "opensmtpd.service", EXEC "/usr/sbin/smtpd\n" } }, "-",
	  2 },
	{ MTA_OPENSMTPD, { { UNITS "opensmtpd.service", "[Unit]\nA=b\n[Service]\nExecStart = -/usr/sbin/smtpd"
	    " \\\n -f  \"/etc/a b.conf\" -D x=y\n[Install]\nExecStart=/bin/x\n" } },
	  "-f,/etc/a b.conf,-Dx=y config=/etc/a b.conf", 4 },
	{ MTA_OPENSMTPD, { { UNITS "opensmtpd.service", EXEC "/usr/sbin/smtpd\n" },
	    { "/etc/systemd/system/opensmtpd.service.d/a.conf", EXEC "\nExecStart=/usr/sbin/"
	      "smtpd -f /etc/open.conf\n" } }, "-f,/etc/open.conf config=/etc/open.conf", 3 },
	/* A place hides the file of its name in places behind it; the last name wins. */
	{ MTA_OPENSMTPD, { { "/etc/systemd/system/opensmtpd.service", EXEC "/usr/sbin/smtpd -f /1\n" },
	    { UNITS "opensmtpd.service", EXEC "/usr/sbin/smtpd -f /2\n" } },
	  "-f,/1 config=/1", 2 },
	{ MTA_OPENSMTPD, { { "/etc/systemd/system/opensmtpd.service.d/b.conf", EXEC "\n"
	      "ExecStart=/usr/sbin/smtpd -f /b\n" },
	    { UNITS "opensmtpd.service.d/b.conf", EXEC "\nExecStart=/usr/sbin/smtpd -f /hidden\n" },
	    { UNITS "opensmtpd.service.d/c.conf", EXEC "\nExecStart=/usr/sbin/smtpd -f /c\n" },
	    { UNITS "opensmtpd.service.d/d.off", EXEC "\nExecStart=/usr/sbin/smtpd -f /d\n" },
	    { UNITS "opensmtpd.service", EXEC "/usr/sbin/smtpd\n" } },
	  "-f,/c config=/c", 3 },
	/* Variables: a word of its own is parted, others are not; files go before. */
	{ MTA_EXIM, { { UNITS "exim4.service", "[Service]\nEnvironmentFile=-" DEFAULT
	      "\nEnvironment=A=x \"B=-DB=1 2\"\n"
	      "ExecStart=/usr/sbin/exim4 -bdf $COMMONOPTIONS ${B} -DC=${A}$$\n" },
	    { DEFAULT, "# c\nCOMMONOPTIONS=\"-oX 25:587 -DA=1\"\nA=y\n" },
	    { "/run/systemd/system/x", "" } },
	  "-oX,25:587,-DA=1,-DB=1 2,-DC=y$ listen=25:587", 4 },
	{ MTA_EXIM, { { EXIM_OVERRIDE, "[Service]\nEnvironment=COMMONOPTIONS=-DA=1\n" },
	    { DEFAULT, "QUEUERUNNER='combined'\n" } }, "-DA=1" },
	{ MTA_EXIM, { { EXIM_OVERRIDE, "[Service]\nEnvironment=COMMONOPTIONS=-DA=1\n" },
	    { DEFAULT, "COMMONOPTIONS='-DA=2'\n" } }, "-DA=2", 1 },
	{ MTA_EXIM, { { "/run/systemd/system/exim4.service", EXEC "/etc/init.d/exim4 start\n" },
	    { DEFAULT, "COMMONOPTIONS='-DA=2'\n" } }, "-DA=2", 1 },
	/* What is not known. */
	{ MTA_EXIM, { { UNITS "exim4.service", EXEC "/bin/sh -c 'exec exim4 -DA'\n" } },
	  " unknown", 2 },
	{ MTA_EXIM, { { UNITS "exim4.service", EXEC "/usr/sbin/exim4 -C /etc/%i\n" } },
	  "-C,/etc/%i config=/etc/%i unknown", 2 },
	{ MTA_OPENSMTPD, { { UNITS "smtpd.service", EXEC "/usr/sbin/smtpd -f /x\n"
	      "ExecStart=/usr/sbin/smtpd -f /y\n" } }, "-f,/y config=/y unknown", 3 },
	{ MTA_OPENSMTPD, { { UNITS "opensmtpd.service", EXEC "/usr/sbin/smtpd\n" },
	    { "/etc/default/opensmtpd", "CONFIG=/etc/x\n" } }, " unknown", 2 },
	{ MTA_OPENSMTPD, { { UNITS "opensmtpd.service", EXEC "/usr/sbin/smtpd\n" },
	    { "/etc/default/opensmtpd", "CONFIG=/etc/x\n" }, { "/run/systemd/system/x", "" } }, "-", 2 },
};

static void files_say_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files_rows) / sizeof(*files_rows); i++) {
		struct audit_files files = { memory_read, memory_list,
		                             (void *)files_rows[i].files };
		struct arena a = { 0 };
		struct daemon_options d;
		const bool known = daemon_of_files(files_rows[i].mta, &files, &a, &d);
		const char *text = options_text(&d, known, &a);
		if (strcmp(text, files_rows[i].want) || d.place.line != files_rows[i].line)
			fail_msg("file %zu: expected \"%s\" at %u, found \"%s\" at %u", i,
			         files_rows[i].want, files_rows[i].line, text, d.place.line);
		arena_fini(&a);
	}
}

/* What puts itself in a thousand times, more words and variables than are taken. */
static void hostile_units_come_to_an_end(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct buf text = { 0 };
	struct daemon_options d;
	buf_add_cstr(&text, "[Service]\nEnvironment=A=");
	for (int i = 0; i < 1 << 20; i++)
		buf_add_byte(&text, i % 251 ? 'y' : ' ');
	buf_add_cstr(&text, "\nEnvironmentFile=" UNITS "exim4.service\nExecStart=/usr/sbin/exim4 -D");
	for (int i = 0; i < 1 << 16; i++)
		buf_add_cstr(&text, "${A}");
	for (int i = 0; i < 1 << 16; i++)
		buf_add_cstr(&text, " $A \"%");
	const struct memory_file all[] = { { UNITS "exim4.service", buf_cstr(&text) },
	                                   { EXIM_OVERRIDE, "\\\n\\" }, { 0 } };
	struct audit_files files = { memory_read, memory_list, (void *)all };
	assert_true(daemon_of_files(MTA_EXIM, &files, &a, &d));
	assert_non_null(d.unknown);
	assert_true(d.n <= DAEMON_WORDS_MAX);
	buf_fini(&text);
	arena_fini(&a);
}

/* ---- what they do to a reading ------------------------------------------------------ */

#define CONF "/etc/exim4/exim4.conf"
#define OPENED "hostlist relay = RELAY\nacl_smtp_rcpt = a\nbegin acl\na:\n" \
	"  accept hosts = +relay\n  deny\n"

static const struct {
	struct memory_file files[3];
	const char *words;               /* of the daemon that runs; NULL: none does */
	const char *want;                /* the answer to a stranger, and the ports */
} readings[] = {
	{ { { CONF, "RELAY = 10.0.0.0/8\n" OPENED } }, NULL, "no 25" },
	{ { { CONF, "RELAY = 10.0.0.0/8\n" OPENED } }, "-DRELAY=*", "yes 25" },
	{ { { CONF, "RELAY == 10.0.0.0/8\n" OPENED } }, "-DRELAY=*", "yes 25" },
	{ { { CONF, "RELAY = 10.0.0.0/8\n" OPENED }, { DEFAULT, "COMMONOPTIONS='-DRELAY=*'\n" } }, NULL,
	  "yes 25" },
	{ { { CONF, "RELAY = 10.0.0.0/8\n" OPENED }, { DEFAULT, "COMMONOPTIONS='-DRELAY=*'\n" } }, "",
	  "no 25" },
	{ { { CONF, "RELAY = 10.0.0.0/8\n" OPENED } }, "-oX 25:2525", "no 25 2525" },
	{ { { CONF, "RELAY = 10.0.0.0/8\n" OPENED }, { "/etc/my.conf", "RELAY = *\n" OPENED } },
	  "-C /etc/my.conf", "yes 25" },
	{ { { CONF, "RELAY = 10.0.0.0/8\n" OPENED } }, "-tls-on-connect", "no 25/tls" },
};

static const char *reading_text(struct audit_config *config, struct arena *a)
{
	const struct audit_reading *r = audit_config_reading(config);
	const struct audit_client client = { .ip = { 4, { 203, 0, 113, 9 } } };
	struct audit_why why;
	audit_config_explain(config, &client, &why);
	const char *text = why.answer == AUDIT_YES ? "yes" : why.answer == AUDIT_NO ? "no" : "perhaps";
	for (size_t i = 0; i < r->port_n; i++)
		text = arena_printf(a, "%s %u%s", text, r->ports[i].port,
		                    r->ports[i].tls_first ? "/tls" : "");
	return text;
}

static void readings_follow_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(readings) / sizeof(*readings); i++) {
		struct audit_files files = { memory_read, memory_list, (void *)readings[i].files };
		struct arena a = { 0 };
		struct daemon_options d = { 0 };
		struct audit_config *config;
		char *line = arena_printf(&a, "exim %s ", readings[i].words ? readings[i].words : "");
		const size_t n = strlen(line);
		for (char *c = line; *c; c++)
			*c = *c == ' ' ? '\0' : *c;
		assert_true(daemon_of_process(MTA_EXIM, (struct str){ line, n }, STR(""), &a, &d));
		const struct audit_config_given given = { .mta = MTA_EXIM, .hostname = "mx.example",
			.daemon = readings[i].words ? &d : NULL };
		assert_int_equal(audit_config_read(&files, &given, &a, &config), ERR_OK);
		const char *text = reading_text(config, &a);
		if (strcmp(text, readings[i].want))
			fail_msg("reading %zu: expected \"%s\", found \"%s\"", i, readings[i].want, text);
		arena_fini(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shell_reads_it_so),
		cmocka_unit_test(hostile_files_come_to_an_end),
		cmocka_unit_test(processes_say_it),
		cmocka_unit_test(pid_files_say_it),
		cmocka_unit_test(texts_tell_them_apart),
		cmocka_unit_test(files_say_it),
		cmocka_unit_test(hostile_units_come_to_an_end),
		cmocka_unit_test(readings_follow_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
