/* SPDX-License-Identifier: ISC
 *
 * The table of providers that have several names: the lines of their customers under one, their
 * mail servers under another. One row per provider; what it bought goes with it.
 */
#include "trace/providers.h"

#include "trace/names.h"

static const char *const families[] = {
	/* Germany, Austria, Switzerland */
	"t-online.de t-ipconnect.de t-dialin.net t-online.com t-ipnet.de telekom.de dtag.de",
	"vodafone.de vodafone-ip.de vodafonemail.de arcor.de arcor-ip.net arcor-online.net "
	"kabel-deutschland.de unitymedia.de unitymedia.biz kabelbw.de "
	"kabel-badenwuerttemberg.de",
	"telefonica.de o2online.de o2mail.de hansenet.de alicedsl.de alice-dsl.net "
	"mediaways.net",
	"versatel.de versanet.de",
	"strato.de strato.com rzone.de stratoserver.net",
	"hetzner.de hetzner.com your-server.de",
	"1und1.de 1and1.com kundenserver.de perfora.net ionos.de ionos.com onlinehome.de "
	"onlinehome-server.info gmx.net gmx.de web.de",
	"bluewin.ch swisscom.ch swisscom.com bluemail.ch",
	"sunrise.ch hispeed.ch cablecom.ch upc.ch",
	"a1.net aon.at telekom.at jet2web.at",
	"magenta.at upc.at chello.at inode.at t-mobile.at",
	/* Britain */
	"bt.net bt.com btinternet.com btopenworld.com btconnect.com btcentralplus.com",
	"virginmedia.com virginm.net virgin.net ntlworld.com ntl.com blueyonder.co.uk",
	"sky.com bskyb.com easynet.co.uk easynet.com",
	"plus.net plus.com plusnet.com force9.net force9.co.uk f9.co.uk metronet.co.uk",
	"talktalk.net tiscali.co.uk as13285.net opaltelecom.net lineone.net nildram.co.uk "
	"pipex.com worldonline.co.uk onetel.com",
	"demon.co.uk demon.net",
	"zen.co.uk zen.net.uk",
	"kcom.com karoo.co.uk karoo.net",
	/* France, Belgium, the Netherlands */
	"orange.fr wanadoo.fr wanadoo.com oleane.net oleane.fr voila.fr francetelecom.net",
	"free.fr proxad.net aliceadsl.fr libertysurf.fr",
	"sfr.fr sfr.net neuf.fr n9uf.fr gaoland.net cegetel.net club-internet.fr 9online.fr "
	"numericable.fr noos.fr",
	"bouyguestelecom.fr bbox.fr bouygtel.fr",
	"ovh.net ovh.com ovh.ca ovh.fr",
	"belgacom.be skynet.be proximus.be",
	"telenet.be telenet-ops.be pandora.be",
	"voo.be brutele.be",
	"kpn.com kpn.net kpnmail.nl planet.nl hetnet.nl kpnplanet.nl xs4all.nl xs4all.net "
	"telfort.nl wxs.nl",
	"ziggo.nl home.nl casema.nl quicknet.nl upc.nl chello.nl multikabel.net",
	/* Italy, Spain, Portugal, Greece */
	"telecomitalia.it tim.it alice.it tin.it interbusiness.it virgilio.it",
	"libero.it iol.it wind.it infostrada.it inwind.it blu.it windtre.it italiaonline.it",
	"fastweb.it fastwebnet.it fastwebmail.it",
	"tiscali.it tiscalinet.it",
	"vodafone.it tele2.it vodafonedsl.it",
	"aruba.it technorail.com arubabusiness.it",
	"telefonica.net telefonica.es rima-tde.net movistar.es terra.es",
	"ono.com auna.net madritel.es",
	"orange.es jazztel.es jazztel.com uni2.es wanadoo.es ya.com",
	"vodafone.es airtel.net",
	"sapo.pt telepac.pt meo.pt ptprime.pt",
	"netcabo.pt zon.pt nos.pt clix.pt novis.pt",
	"otenet.gr ote.gr cosmote.gr",
	"forthnet.gr nova.gr",
	"hol.gr vodafone.gr cyta.gr",
	/* the north and the east */
	"telia.com telia.net telia.se",
	"tele2.se tele2.net swip.net comhem.se comhem.com",
	"telenor.se bredband.net bredbandsbolaget.se",
	"telenor.no telenor.com online.no",
	"nextgentel.com nextgentel.no",
	"tdc.dk tdc.net tdcadsl.dk tele.dk mail.dk get2net.dk",
	"elisa.fi elisa-laajakaista.fi kolumbus.fi saunalahti.fi elisanet.fi",
	"dnainternet.fi dnainternet.net welho.com phnet.fi",
	"sonera.fi sonera.com inet.fi telia.fi",
	"tpnet.pl neostrada.pl orange.pl tpsa.pl",
	"netia.pl netia.com.pl inetia.pl dialog.net.pl",
	"upc.pl chello.pl upc.com.pl",
	"o2.cz iol.cz telecom.cz",
	"upc.cz chello.cz vodafone.cz karneval.cz",
	"t-online.hu telekom.hu axelero.hu matav.hu",
	"upc.hu chello.hu vodafone.hu",
	"rdsnet.ro digi.ro rcs-rds.ro",
	"romtelecom.net clicknet.ro",
	"mts.ru mtu-net.ru mtu.ru comstar.ru",
	"beeline.ru corbina.ru corbina.net",
	"ttnet.net.tr ttnet.com.tr turktelekom.com.tr ttmail.com",
	"superonline.net superonline.com",
	"bezeqint.net bezeqint.co.il",
	"netvision.net.il cellcom.co.il 013.net barak.net.il",
	"012.net.il 012.net internet-zahav.net zahav.net.il",
	/* North America */
	"comcast.net comcastbusiness.net comcast.com",
	"charter.com charter.net rr.com twc.com twcbiz.com spectrum.com brighthouse.com "
	"bhn.net",
	"cox.net cox.com",
	"verizon.net verizon.com bellatlantic.net gte.net",
	"frontiernet.net frontier.com",
	"centurylink.net centurytel.net qwest.net q.com uswest.net embarqmail.com "
	"embarqhsd.net",
	"windstream.net alltel.net valornet.com nuvox.net",
	"optonline.net optimum.net cablevision.com cv.net suddenlink.net cebridge.net",
	"att.net att.com attbi.com sbc.com sbcglobal.net ameritech.net pacbell.net "
	"bellsouth.net swbell.net snet.net prodigy.net nvbell.net flash.net",
	"earthlink.net mindspring.com dialsprint.net peoplepc.com",
	"rcn.com rcn.net erols.com",
	"mchsi.com mediacombb.net mediacomcc.com",
	"xo.net xo.com concentric.net nextlink.net",
	"sprint.com sprintlink.net sprintbbd.net",
	"bell.ca bell.net sympatico.ca bellnexxia.net",
	"bellaliant.net aliant.net nbnet.nb.ca",
	"shaw.ca shawcable.net",
	"telus.net telus.com telusplanet.net",
	"videotron.ca videotron.net videotron.com",
	"cogeco.ca cogeco.net cgocable.net cgocable.ca",
	"eastlink.ca accesscable.net",
	"teksavvy.com teksavvy.ca",
	"prodigy.net.mx telmex.com telmex.net.mx uninet.net.mx",
	/* South America */
	"telesp.net.br vivo.com.br gvt.net.br gvt.com.br speedy.com.br",
	"veloxzone.com.br telemar.net.br oi.com.br oi.net.br brasiltelecom.net.br "
	"brturbo.com.br brturbo.com ig.com.br",
	"virtua.com.br net.com.br embratel.net.br claro.com.br claro.net.br",
	"telecom.com.ar arnet.com.ar fibertel.com.ar cablevision.com.ar",
	"speedy.com.ar telefonica.com.ar advance.com.ar movistar.com.ar",
	"vtr.net vtr.cl",
	"entelchile.net entel.cl",
	"cantv.net cantv.com.ve",
	"une.net.co epm.net.co",
	/* Asia, the Pacific, Africa */
	"telstra.net telstra.com telstra.com.au bigpond.com bigpond.net.au",
	"optusnet.com.au optus.com.au optus.net.au",
	"tpg.com.au tpgi.com.au iinet.net.au on.net westnet.com.au adam.com.au ozemail.com.au "
	"aapt.net.au netspace.net.au",
	"xtra.co.nz spark.co.nz telecom.co.nz",
	"clear.net.nz paradise.net.nz telstraclear.net vodafone.co.nz ihug.co.nz",
	"ocn.ne.jp ocn.ad.jp",
	"nifty.com nifty.ne.jp infoweb.ne.jp",
	"biglobe.ne.jp mesh.ad.jp",
	"bbtec.net ybb.ne.jp odn.ad.jp odn.ne.jp softbank.ne.jp",
	"so-net.ne.jp so-net.net",
	"dion.ne.jp au-net.ne.jp auone-net.jp kddi.ne.jp kddi.com",
	"zaq.ne.jp jcom.ne.jp home.ne.jp",
	"asahi-net.or.jp asahi-net.jp",
	"kornet.net kt.co.kr",
	"hanaro.com hananet.net thrunet.com",
	"netvigator.com pccw.com imsbiz.com",
	"singnet.com.sg singtel.com",
	"starhub.net.sg cyberway.com.sg scv.com.sg",
	"airtel.in airtelbroadband.in",
	"vsnl.net.in vsnl.net vsnl.com tatacommunications.com",
	"tm.net.my streamyx.com tm.com.my",
	"trueinternet.co.th asianet.co.th truecorp.co.th",
	"saix.net telkomsa.net telkom.co.za",
};

/* Does the row have that domain as one of its words? */
static bool family_has(struct str row, struct str domain)
{
	struct str word;
	while (str_word(&row, &word))
		if (str_eq(word, domain))
			return true;
	return false;
}

bool provider_same_family(struct str a, struct str b)
{
	char org_a[NAME_ORG_MAX], org_b[NAME_ORG_MAX];
	struct str domain_a = name_org(a, org_a), domain_b = name_org(b, org_b);
	if (domain_a.n == 0 || domain_b.n == 0)
		return false;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		struct str row = str_of(families[i]);
		if (family_has(row, domain_a))
			return family_has(row, domain_b);
	}
	return false;
}
