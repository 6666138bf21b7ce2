/* SPDX-License-Identifier: ISC
 *
 * What mail servers write, by what it tells. A phrase begins where a word begins; without a
 * space at its end it matches the start of a word ("reject": rejected, rejects). It never
 * goes past the end of a sentence. Spelled as policy-words.c spells: no capitals, accents or
 * apostrophes, "/" before the words of host names. German also as it is written in ASCII.
 */
#include "smtp/policy-private.h"

#include <assert.h>
#include <pthread.h>

struct says {
	unsigned tells;
	const char *const *phrases;
};

#define PHRASES(...) (const char *const[]){ __VA_ARGS__, NULL }

static const struct says table[] = {
	{ SMTP_TELLS_GREYLIST, PHRASES(
	  /* greylisting, by its name */
	  "greylist", "graylist", "grey list", "gray list", "greylst", "postgrey", "sqlgrey",
	  "graue liste", "grauen liste", "liste grise", "lista gris", "lista grigia",
	  "lista cinza", "szara list", "szarej list", "szarych list", "серый спис", "серого спис",
	  "серые спис", "грейлист", "灰 名 单", "灰 名 單", "グ レ イ リ ス ト", "グ レ ー リ ス ト",
	  /* limits and load */
	  "too many ", "too much ", "too fast ", "too soon ", "too early ", "too quickly ",
	  "too frequent", "rate limit", "ratelimit", "rate control", "unusual rate ",
	  "high rate ", "submission rate ", "connection rate ", "message rate ", "throttl",
	  "slow down ", "slower ", "exceed", "limit ", "limits ", "limited ", "quota",
	  "concurren", "busy ", "overload", "high load ", "load average", "load too high",
	  "first time sender", "first attempt", "early retry", "not yet authorized ", "tarpit",
	  "flood", "allowance ", "allotment ", "zu viele ", "ueberlast", "uberlast", "trop de ",
	  "trop d ", "demasiad", "troppi ", "troppe ", "muitas conex", "muitos ", "zbyt wiele ",
	  "za duzo ", "te veel ", "слишком много", "превышен", "过 多", "過 多", "频 繁", "頻 繁",
	  "多 す ぎ",
	  /* trouble of its own */
	  "internal error ", "local problem ", "local error ", "lookup failure ", "dns error",
	  "dns fail", "host name lookup ", "server error ", "server failure ", "software error ",
	  "configuration problem ", "configuration error ", "timed out ", "timeout ", "time out ",
	  "insufficient ", "out of memory ", "disk space ", "disk full ", "resources ",
	  "maintenance ", "shutting down ", "queue unavailable ", "could not complete ",
	  "did not complete ", "defer", "try again slower") },
	{ SMTP_TELLS_LATER, PHRASES(
	  "again ", "later ", "retry ", "retrying ", "resend ", "come back ", "temporar",
	  "temporane", "temp fail", "tempfail", "transient", "postpone", "delay ", "delayed ",
	  "moment", "please wait ", "wait for ", "wait a ", "warten ", "patienter ",
	  "essayer dans ", "espere ", "esperar ", "attendere ", "aguarde ", "czekac ",
	  "poczekac ", "poczekaj ", "подожд", "等 待", "잠 시", "다 시 ", "나 중 에", "for now ",
	  "right now ", "currently unavailable ", "service unavailable ",
	  "service not available ", "not available now ", "unavailable at ", "today ", "not now ",
	  "until ", "relaying now ", "yet ", "first contact", "first mail", "never seen ",
	  "seen you ", "seen before ", "patience ", "be patient ", "minutes ", "seconds ",
	  "hours ", "wieder ", "minuten ", "sekunden ", "secondes ", "minutos ", "segundos ",
	  "minuti ", "secondi ", "минут", "секунд", "spater ", "spaeter ", "erneut", "nochmal",
	  "noch einmal", "vorubergehend", "voruebergehend", "zeitweilig", "momentan",
	  "plus tard ", "reessay", "ulterieurement ", "nouveau plus", "mas tarde ", "intentelo ",
	  "intente ", "reintent", "vuelva a ", "piu tardi ", "riprova", "ritenta", "mais tarde ",
	  "tente ", "novamente ", "pozniej ", "sproboj", "sprobuj", "ponownie ", "ponow ",
	  "tymczasow", "chwil", "позже", "позднее", "повтор", "попроб", "временн", "pozzhe ",
	  "povtorite ", "vremenno ", "稍 后", "稍 後", "重 试", "重 試", "再 试", "再 試", "暂 时", "暫 時",
	  "临 时", "以 后 再", "後 で", "後 ほ ど", "し ば ら く", "一 時", "再 送", "再 度", "opnieuw ", "tijdelijk",
	  "senare ", "senere ", "forsok ", "tillfallig", "midlertidig", "pozdeji ", "docasn",
	  "daha sonra", "gecici", "kesobb", "atmeneti", "myohemmin ", "mai tarziu ",
	  "temporal") },
	{ SMTP_TELLS_CLIENT, PHRASES(
	  /* lists */
	  "blacklist", "black list", "black ip ", "blocklist", "block list", "denylist",
	  "deny list", "blocked using ", "blocked due ", "blocked because ", "blocked see ",
	  "dnsbl", "dnsrbl", "rbl ", "rbls ", "drbl ", "rhsbl ", "uribl ", "sbl ", "xbl ", "pbl ",
	  "cbl ", "css ", "is listed ", "are listed ", "was listed ", "been listed ",
	  "listed in ", "listed at ", "listed on ", "listed by ", "listed as ", "listed with ",
	  "delist", "in a list of ", "spamhaus ", "spamcop ", "sorbs ", "barracuda", "uceprotect",
	  "mailspike", "abuseat", "senderbase ", "not whitelisted ", "not in our whitelist",
	  "not on our whitelist", "local list ", "/spamhaus", "/spamcop", "/sorbs",
	  "/barracudacentral", "/uceprotect", "/mailspike", "/abuseat", "/njabl", "/ordb",
	  "/dsbl", "/senderbase", "/senderscore", "/dnsbl", "/rbl ", "/blacklist", "/blocklist",
	  "/dnswl", "schwarze liste", "schwarzen liste", "sperrliste", "liste noire ",
	  "lista negra ", "lista nera ", "czarnej li", "czarna li", "черн", "黑 名 单", "黑 名 單",
	  "ブ ラ ッ ク リ ス ト",
	  /* reputation, bans, spam */
	  "reputation", "reputac", "reputaz", "sender score ", "ban ", "bans ", "banned ",
	  "banning ", "banlist", "fail2ban", "gesperrt ", "geblockt ", "blockiert ", "bloque ",
	  "bloquee ", "bloquead", "bloccat", "zablokowan", "заблокир", "geblokkeerd", "封 锁", "封 鎖",
	  "封 禁", "屏 蔽", "probe ", "probes ", "probing ", "relay test",
	  "ブ ロ ッ ク", "spammer", "spam source", "source of spam", "spam from ", "sends spam",
	  "sending spam", "sent spam", "spamming ", "spam host", "spam network",
	  "likely unsolicited", "complaints ", "due to abuse ", "abuse from ", "abusive ",
	  "abusing ", "suspicious", "suspect", "malicious", "hacked ", "compromised ",
	  "infected ", "zombie", "botnet", "bot net", "open proxy ", "open proxies ",
	  "dynamic ip", "dynamic address", "dynamic host", "dynamic range", "dynamic pool",
	  "dynamically ", "dialup", "dial up ", "dul ", "residential ", "generic rdns",
	  "generic host", "generic name", "generic dns", "not trusted ", "untrusted ", "distrust",
	  "unwelcome ", "not welcome ", "not wanted ", "unwanted ", "go away ",
	  "no service for you", "not from you ", "not for you ", "don t want your ",
	  "do not want your ", "firewall", "geoip", "your country", "from country",
	  "insecure mail relay", "openrelay", "from open relay", "is an open relay ",
	  "are an open relay ", "open relay detected", "due to your ", "because of your ",
	  "because your ", "since your ", "because you are ", "because you re ",
	  "you are blocked ", "you re blocked ", "you have been blocked ",
	  "you are not allowed to connect", "not allowed to connect", "not permitted to connect",
	  "not authorized to connect", "connection refused", "connection rejected",
	  "connections refused", "not accept connections", "not accepting connections",
	  "not accepted from ", "not accept mail from ", "not accept email from ",
	  "not accept e mail from ", "not accept messages from ", "not accepting mail from ",
	  "not accept any mail from ", "mail from your ", "email from your ",
	  "messages from your ", "no mail from ", "rejecting mail from",
	  "not authorized to send email directly", "private list access",
	  "client host rejected relay", "client host rejected no relay", "been reported ",
	  "reported as ",
	  /* its reverse name */
	  "reverse dns", "reverse lookup", "reverse name", "reverse host", "reverse record",
	  "reverse entry", "reverse address", "rdns ", "fcrdns ", "ptr ", "ptrs ",
	  "your hostname ", "your host name ", "find your ", "resolve your ", "verify your ",
	  "no dns ", "dns entry ", "unresolvable relay host", "mismatches client",
	  "may not be mail exchanger", "rueckwaerts", "ruckwarts") },
	{ SMTP_TELLS_LOOKUP, PHRASES(
	  "ip name lookup ", "ip name possibly forged ", "name lookup failed ") },
	{ SMTP_TELLS_PROVIDER, PHRASES(
	  "your isp ", "your own mail", "your own smtp", "your own server", "your own relay",
	  "your own provider", "your smarthost ", "smarthost ", "smart host ",
	  "use your mail relay ", "use your smtp relay ", "your service ", "your internet ",
	  "your company", "your organi", "your usual ", "your normal ", "your regular ",
	  "your local mail", "your outgoing ", "your outbound ", "provider", "isp s ",
	  "fournisseur", "proveedor", "provedor", "fornitore ", "dostawc", "провайдер",
	  "поставщик", "运 营 商", "服 务 商", "服 務 商", "プ ロ バ イ ダ") },
	{ SMTP_TELLS_HELP, PHRASES(
	  "contact ", "ask ", "consult ", "kontaktieren ", "contactez ", "contacte ",
	  "contattare ", "contatte ", "skontaktuj ", "обратитесь ", "请 联 系", "お 問 い 合 わ せ") },
	{ SMTP_TELLS_HELO, PHRASES(
	  "helo command rejected ", "ehlo command rejected ", "invalid helo ", "invalid ehlo ",
	  "bad helo ", "bad ehlo ", "helo required", "ehlo required", "helohost ", "helo first ",
	  "ehlo first ", "hello first ", "need helo", "need ehlo", "helo requires ", "helo must ",
	  "ehlo requires ", "ehlo must ", "send helo", "send ehlo") },
	{ SMTP_TELLS_SENDER, PHRASES(
	  "sender address ", "sender email address", "sender e mail", "sender rejected ",
	  "sender denied ", "sender refused ", "sender blocked ", "sender verif", "sender domain",
	  "sender s domain", "sender invalid ", "sender unknown ", "sender is not ",
	  "sender is in ", "sender is spammer", "sender is invalid", "sender is unvalidated",
	  "sender is rejected", "sender not pre ", "domain of sender", "invalid sender",
	  "unknown sender", "bad sender ", "bogus mail from", "bogus sender", "forged sender",
	  "fake sender", "spoof", "badmailfrom", "null sender", "empty sender",
	  "empty envelope sender", "envelope sender ", "envelope from ", "return path ", "spf ",
	  "dmarc ", "dkim ", "sender policy framework", "not owned by user", "owned by user",
	  "host denies the sender", "mail from invalid", "from address ", "from domain ",
	  "of the sender ") },
	{ SMTP_TELLS_NOT_OURS, PHRASES(
	  "rcpthosts ", "rcpt hosts ", "rcpthost ", "in my list of ", "in our list of allowed ",
	  "isn t hosted ", "not hosted ", "isn t local ", "not local ", "not a local ",
	  "non local ", "nonlocal ", "don t handle ", "do not handle ", "doesn t handle ",
	  "does not handle ", "not handle mail ", "not handled here", "isn t handled here",
	  "unknown domain ", "domain unknown ", "domain is unknown ", "domain not known ",
	  "unrouteable domain", "unroutable domain", "unrouteable mail domain",
	  "unroutable mail domain", "not in my control", "not under my control", "not our domain",
	  "isn t our domain", "not my domain", "not one of our ", "not one of my ",
	  "not among our ", "not a gateway ", "not responsible for ", "not accept mail for ",
	  "not accept email for ", "not accept e mail for ", "not accept messages for ",
	  "not accepting mail for ", "not accepting email for ", "not accept mail to ",
	  "not receive mail for ", "don t accept mail for ", "don t receive mail for ",
	  "cannot deliver mail for ", "cannot accept mail for ", "can t deliver mail for ",
	  "can t accept mail for ", "not deliver mail for ", "not served here", "don t serve ",
	  "do not serve ", "not handled by ", "don t host ", "do not host ", "not mx for ",
	  "no mx for ", "isn t served here", "not ours ", "not in our network domain",
	  "not configured for ", "domain not hosted", "domain not served",
	  "domain not found here", "domain isn t allowed", "domain not allowed",
	  "domain is not allowed", "domain not accepted", "domain is not accepted",
	  "domain not handled", "domain not configured", "domain is not configured",
	  "domain not supported", "domain not local", "domain not valid here", "no such domain ",
	  "non accepted domain", "not an accepted domain", "not accept mail destined ",
	  "external domains ", "remote domains not ", "foreign domains not ",
	  "external recipients ", "remote recipients ", "local user only", "local users only",
	  "local delivery only", "local recipients only", "local domains only",
	  "only accepts mail for ", "only accept mail for ", "accept mail only for ",
	  "accepts mail only for ", "only for local ", "no mx for that ", "not the mx for ",
	  "not an mx for ", "nicht lokal", "non locale ", "no es local ", "nao e local ",
	  "nicht zustandig", "nicht zustaendig", "unbekannte domain", "domaine inconnu",
	  "dominio desconocido", "dominio sconosciuto", "dominio desconhecido", "nieznana domena",
	  "неизвестный домен") },
	{ SMTP_TELLS_LOGIN, PHRASES(
	  "authentication required ", "authentication is required ", "authorization required ",
	  "authorization is required ", "authorisation required ", "auth required ",
	  "auth is required ", "authenticate first ", "auth first ", "authenticate yourself ",
	  "must authenticate", "must be authenticated", "must first authenticate", "must auth ",
	  "need to authenticate", "need to be authenticated", "have to authenticate",
	  "please authenticate", "should authenticate", "to authenticate before",
	  "don t authenticate", "not authenticate", "requires authentication",
	  "require authentication", "requires smtp auth", "require smtp auth",
	  "requires you to authenticate", "requires that you authenticate", "requires a login",
	  "requires login", "smtp auth required", "use smtp auth", "use authentication",
	  "using smtp auth", "enable smtp auth", "enable authentication",
	  "smtp authentication turned ", "smtp authentication settings ",
	  "your smtp authentication ", "proper authentication ", "authentication needed ",
	  "auth needed ", "auth command ", "login required ", "login is required ",
	  "logon required ", "must login", "must log ", "must logon", "please login",
	  "please log ", "please logon", "need to log", "login first ", "log in first ",
	  "log on first ", "not authenticated ", "wasn t authenticated ", "isn t authenticated ",
	  "unauthenticated ", "non authenticated ", "not logged ",
	  "invalid credentials for relay ", "without authentication", "without authenticating",
	  "without logging ", "without login", "without auth ", "no authentication ",
	  "pop before ", "pop3 before ", "check your mail first", "check mail first",
	  "check for new mail ", "check for mail first", "authenticated users only ",
	  "only authenticated ", "for authenticated ", "anmeldung erforderlich",
	  "authentifizierung erforderlich", "authentifizierung notwendig",
	  "authentifizierung notig", "anmelden ", "authentification requise",
	  "authentification obligatoire", "identification requise", "veuillez vous authentifier",
	  "autenticacion requerida", "requiere autenticacion", "se requiere autenticacion",
	  "debe autenticarse", "autenticazione richiesta", "autenticazione necessaria",
	  "richiesta autenticazione", "autenticacao necessaria", "autenticacao requerida",
	  "autenticacao obrigatoria", "requer autenticacao", "wymagane uwierzytelnienie",
	  "wymagana autoryzacja", "wymagana autentykacja", "wymagane logowanie",
	  "требуется авториз", "требуется аутент", "необходима авториз", "необходима аутент",
	  "需 要 认 证", "需 要 身 份", "需 要 验 证", "需 要 登 录", "请 先 登 录", "需 要 認 證", "認 証 が 必 要",
	  "認 証 し て ") },
	{ SMTP_TELLS_RECIPIENT, PHRASES(
	  "user unknown ", "unknown user", "unknown local part", "no such user",
	  "no such mailbox", "no such recipient", "no such address", "no such person",
	  "no such account", "no such local ", "no mailbox ", "no mail box ", "no account ",
	  "mailbox unavail", "mailbox not ", "mailbox is ", "mailbox disabled ", "mailbox does",
	  "mailbox invalid ", "mailbox name ", "mailbox full ", "invalid mailbox",
	  "unknown mailbox", "invalid recipient", "recipient invalid ", "recipient address ",
	  "recipient rejected ", "recipient refused ", "recipient denied ", "recipient unknown ",
	  "recipient not ", "recipient is not ", "recipient does", "recipient s address",
	  "recipient verif", "unknown recipient", "bad recipient", "bad address",
	  "bad destination", "invalid address", "invalid destination", "invalid user",
	  "not a valid user", "not a valid mailbox", "not a valid recipient",
	  "not a valid address", "not a known user", "not a user ", "no one by that name",
	  "no one at this", "not our customer", "not our user", "address rejected ",
	  "address unknown ", "address does not exist", "address doesn t exist",
	  "address not present", "address couldn t be found", "address could not be found",
	  "address not found", "unknown address", "unrouteable address", "unroutable address",
	  "unrouteable recipient", "user not found", "user not known", "user doesn t exist",
	  "user does not exist", "user not exist", "not allowed to this address",
	  "no valid recipients", "badrcptto ", "validrcptto ", "rcpt is rejected", "empfanger",
	  "empfaenger", "destinataire", "utilisateur inconnu", "destinatari",
	  "usuario desconocido", "utente sconosciuto", "utente inesistente",
	  "usuario desconhecido", "nieznany uzytkownik", "odbiorc", "получател",
	  "нет такого пользовател", "收 件 人", "收 信 人", "宛 先", "受 信 者") },
	{ SMTP_TELLS_TLS, PHRASES(
	  "starttls ", "tls ", "ssl ", "encrypt", "secure connection") },
	{ SMTP_TELLS_SHUT, PHRASES("client host rejected access denied ") },

	{ SMTP_TELLS_US, PHRASES(
	  "your ip", "your host", "your access ", "your server", "your network", "your net ",
	  "your address", "your name", "your domain", "your mail server", "your mailserver",
	  "your mta", "your connection", "your machine", "your computer", "your system",
	  "your site", "your location", "your range", "your subnet", "your relay ", "blocked ",
	  "client host", "client ip", "client address", "client #", "client name",
	  "connecting ip", "connecting host", "sending ip", "sending host", "sending server",
	  "sending mta", "remote ip", "remote host", "remotehost", "source ip", "source address",
	  "the ip you", "this ip ", "ip address #", "ip address is ", "ip address was ",
	  "ip address has ", "ip #", "host #", "hello #", "peer ", "ihre ip", "ihr server",
	  "ihr host", "ihre adresse", "votre adresse", "votre ip", "votre serveur", "su ip ",
	  "su servidor", "su direccion", "vostro ip", "il vostro server", "seu ip ",
	  "seu servidor", "suo ip ", "suo server", "uw ip", "uw server",
	  "twoj adres", "twoje ip", "twoj serwer", "ваш ip", "ваш адрес",
	  "ваш сервер") },
	{ SMTP_TELLS_ADDRESS, PHRASES("#") },
	{ SMTP_TELLS_OUR_NAME, PHRASES("helo ", "ehlo ") },
	{ SMTP_TELLS_OUR_SENDER, PHRASES(
	  "sender ", "senders ", "emetteur", "expediteur", "absender", "remitente", "mittente",
	  "remetente", "nadawc", "отправител", "发 件 人", "發 件 人", "寄 件 人", "送 信 者", "差 出 人") },

	{ SMTP_TELLS_DENIED, PHRASES(
	  "denied ", "refused ", "rejected ", "prohibit", "forbidden ", "disallow", "disabled ",
	  "not permit", "not allow", "not currently allow", "not currently permit", "not authori",
	  "not support", "not enabled ", "not accept", "not possible ", "not provided ",
	  "not offered ", "isn t allow", "isn t permit", "isn t support", "isn t enabled ",
	  "restricted ", "blocked ", "closed ", "declined ", "only ", "unauthori", "violation ",
	  "turned off ", "switched off ", "is off ", "impossible ", "illegal ", "verweigert ",
	  "abgelehnt ", "verboten ", "untersagt ", "nicht erlaubt ", "nicht gestattet ",
	  "nicht zulassig ", "nicht zulaessig ", "nicht zugelassen ", "nicht moglich ",
	  "nicht moeglich ", "unzulassig ", "unzulaessig ", "geweigerd ", "niet toegestaan ",
	  "refuse ", "refusee ", "interdit", "non autorise", "pas autorise", "non permis",
	  "pas permis", "pas accepte", "rejete", "denegad", "prohibid", "no permitid",
	  "no autorizad", "no esta permitid", "no esta autorizad", "rechazad", "no admitid",
	  "negat", "vietat", "non consentit", "non e consentit", "non permess", "non e permess",
	  "non autorizzat", "non e autorizzat", "rifiutat", "negad", "proibid", "nao permitid",
	  "nao e permitid", "nao autorizad", "nao e autorizad", "recusad", "rejeitad",
	  "zabronion", "odrzucon", "odmow", "niedozwolon", "nie jest dozwolon", "zakazan",
	  "запрещ", "отклон", "отказ", "не разреш", "недопуст", "не допуска", "zapresh", "拒 绝",
	  "拒 絕", "禁 止", "不 允 许", "不 允 許", "不 支 持", "拒 否", "許 可 さ れ て い ま せ ん", "許 可 さ れ ま せ ん",
	  "許 可 し て い ま せ ん", "で き ま せ ん") },
	{ SMTP_TELLS_DENIES, PHRASES(
	  "not ", "no ", "never ", "cannot ", "can t ", "cant ", "don t ", "dont ", "doesn t ",
	  "doesnt ", "won t ", "wont ", "isn t ", "aren t ", "unable ", "refus", "reject",
	  "denied ", "deny ", "denies ", "denying ", "prohibit", "forbid", "disallow",
	  "unauthori", "illegal ", "declin", "block ", "blocks ", "blocking ", "only ", "anti ",
	  "stop ", "unwilling ", "kein ", "keine ", "nicht ", "verweigert ", "pas de ", "aucun ",
	  "impossible de ", "interdiction ", "no se permite ", "se prohibe ", "nessun ",
	  "non si ", "nao permit", "nao aceita", "brak ", "nie ", "не ", "нет ", "запрещ",
	  "отказ", "不 允 许", "不 允 許", "禁 止", "拒 绝", "拒 絕", "不 支 持") },

	{ SMTP_TELLS_RELAY, PHRASES(
	  "relay ", "relays ", "relais ", "релей ", "weiterleitung ", "retransmision ",
	  "reenvio ", "inoltro ", "retransmissao ", "encaminhamento ", "przekazywani",
	  "przesylani", "relej ", "ретрансляц", "пересылк", "中 继", "中 繼", "中 継", "转 发", "轉 發",
	  "リ レ ー") },
	{ SMTP_TELLS_VERB, PHRASES(
	  "to relay ", "not relay ", "cannot relay ", "don t relay ", "doesn t relay ",
	  "can t relay ", "won t relay ", "never relay ", "may relay ", "can relay ",
	  "only relay ", "only relays ", "for relay ", "as relay ", "as a relay ",
	  "as an open relay ", "as a mail relay ", "as an smtp relay ", "as open relay ",
	  "allow relay ", "allowed relay ", "permit relay ") },
	{ SMTP_TELLS_RELAYING, PHRASES(
	  "relaying ", "be relayed ", "relayage ", "relayer ", "relayen ", "relayieren ",
	  "weiterleiten ", "релеинг ", "doorsturen ", "retranslyac") },
	{ SMTP_TELLS_NO_RELAY, PHRASES(
	  "not a relay ", "not a mail relay ", "not an open relay ", "not an smtp relay ",
	  "not a public relay ", "not a free relay ", "no open relay ", "no public relay ",
	  "no third party relay", "no relay ", "no relaying ", "isn t a relay ",
	  "isn t an open relay ", "not relay host ", "relayen nicht ", "relayons pas ",
	  "relaye pas ", "norelay ", "relay check domain fail", "relay check local fail",
	  "kein offenes relay ", "kein relay ", "pas un relais ", "pas de relais ") },
	{ SMTP_TELLS_ACT, PHRASES(
	  "access ", "attempt", "policy ", "control", "restriction", "check", "protection ",
	  "operation", "request", "permission") },
	{ SMTP_TELLS_HOST, PHRASES(
	  "host ", "hosts ", "server", "recipient", "domain ", "domains ", "table", "map ",
	  "agent ", "ip ", "ips ", "system ", "service", "machine ", "mta ", "name ",
	  "network ") },
	{ SMTP_TELLS_NAME, PHRASES("/") },
	{ SMTP_TELLS_AWAY, PHRASES(
	  "of your ", "at your ", "through your ", "via your ", "by your ", "using your ",
	  "over your ", "from your provider", "mail through your", "mail via your", "ihres ",
	  "ihrer ", "ihrem ", "de votre ", "de su ", "del suo", "do seu ", "swojego ",
	  "вашего ") },
	{ SMTP_TELLS_WHOSE, PHRASES(
	  "your ", "the ", "this ", "a ", "an ", "our ", "my ", "its ", "their ", "his ", "that ",
	  "these ", "those ", "another ", "other ", "isp s ", "in ", "at ", "on ", "by ", "from ",
	  "via ", "through ", "using ", "use ", "with ", "of ", "ihr ", "ihre ", "ihren ",
	  "ihres ", "ihrem ", "votre ", "vos ", "su ", "sus ", "vuestr", "vostro ", "suo ",
	  "seu ", "sua ", "del ", "du ", "des ", "dem ", "par ", "por ", "per ", "uber ",
	  "ueber ", "uw ", "swoj", "twoj", "ваш", "через ", "的 ", "nutzen ", "verwenden ",
	  "utilisez ", "utilice ", "usa ", "usate ", "utilize ", "uzyj ", "используйте ",
	  "请 使 用 ", "使 用 ") },
	{ SMTP_TELLS_BREAK, PHRASES(
	  "but ", "however ", "because ", "aber ", "mais ", "pero ", "ma ", "mas ", "ale ", "но ",
	  "user unknown ", "unknown user ") },
};

/* All of the phrase is there; `word` ends in NUL. */
static bool begins(const char *word, const char *phrase)
{
	while (*phrase && *word == *phrase)
		word++, phrase++;
	return *phrase == '\0';
}

/* Every word of every refused probe comes through here: the phrases stand in chains by their first
 * two bytes, made once from the table. One of a single byte is in a chain of its own. */
enum { PHRASES_MAX = 2048, CHAINS = 1024, SINGLE = CHAINS };

static struct {
	struct {
		const char *phrase;
		unsigned tells;
		uint16_t next;                   /* of the chain; 0: the last */
	} v[PHRASES_MAX];
	uint16_t first[CHAINS + 1];
} chains;

static unsigned chain_of(const char *text)
{
	return ((unsigned char)text[0] * 37u + (unsigned char)text[1]) % CHAINS;
}

static void make_chains(void)
{
	uint16_t n = 1;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		for (const char *const *p = table[i].phrases; *p; p++, n++) {
			assert(n < PHRASES_MAX);
			uint16_t *first = &chains.first[(*p)[1] ? chain_of(*p) : SINGLE];
			chains.v[n].phrase = *p;
			chains.v[n].tells = table[i].tells;
			chains.v[n].next = *first;
			*first = n;
		}
}

static unsigned told_by(unsigned chain, const char *word)
{
	unsigned tells = 0;
	for (uint16_t i = chains.first[chain]; i; i = chains.v[i].next)
		if (begins(word, chains.v[i].phrase))
			tells |= chains.v[i].tells;
	return tells;
}

unsigned smtp_policy_tells(const char *word)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_chains);
	return word[0] ? told_by(chain_of(word), word) | told_by(SINGLE, word) : 0;
}
