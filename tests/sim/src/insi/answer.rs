//! INSi answers, in the exact shapes of the recorded and simulated samples.
//!
//! Two dialects exist in the samples: answers recorded on the qualification service (`env:Body`
//! under `soap:Envelope`) and answers simulated by the CNDA (`S:Body`, an optional `Prenom`). Both
//! are produced, so that a client that leans on prefixes or on one order of elements fails here.

use crate::people::{Ins, Person};
use crate::xml::escape;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\">";
const LIVE: (&str, &str) = (
    "<env:Body xmlns:S=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:env=\"http://www.w3.org/2003/05/soap-envelope\"><RESULTAT xmlns=\"http://www.cnamts.fr/INSiResultat\" xmlns:ns0=\"http://www.cnamts.fr/INSiRecVit\" xmlns:ns1=\"http://www.cnamts.fr/INSiRecSans\">",
    "</RESULTAT></env:Body></soap:Envelope>",
);
const CNDA: (&str, &str) = (
    "<S:Body xmlns:S=\"http://www.w3.org/2003/05/soap-envelope\"><RESULTAT xmlns:ns3=\"http://www.cnamts.fr/INSiRecVit\" xmlns:ns2=\"http://www.cnamts.fr/INSiRecSans\" xmlns=\"http://www.cnamts.fr/INSiResultat\">",
    "</RESULTAT></S:Body></soap:Envelope>",
);

/// A SOAP fault of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `Receiver` instead of `Sender`.
    pub receiver: bool,
    /// `siram_nn`.
    pub subcode: &'static str,
    /// `desir_nnn`, `insi_nnn`, or `sim_…` where the national code is not public.
    pub code: &'static str,
    /// Text of the fault.
    pub reason: String,
    /// Text of `siram:Erreur`.
    pub detail: String,
}

const NOT_ALLOWED: &str = "L'accès par ce progiciel au service n'est pas autorisé. Contactez l'éditeur du progiciel ou votre responsable informatique.";

impl Fault {
    /// A request that does not follow the contract; `detail` names the element.
    pub fn schema(detail: String) -> Fault {
        let reason = "La requête n'est pas conforme au contrat de service.".to_owned();
        Fault { receiver: false, subcode: "sim_requete", code: "sim_schema", reason, detail }
    }

    /// Unknown software authorisation number: siram_100 / desir_550, as recorded.
    pub fn unknown_software() -> Fault {
        let detail = "Numéro d'autorisation du logiciel inconnu.".to_owned();
        Fault {
            receiver: false,
            subcode: "siram_100",
            code: "desir_550",
            reason: NOT_ALLOWED.to_owned(),
            detail,
        }
    }

    /// The CN of the certificate is neither INSI-MANU nor INSI-AUTO: desir_560. Its subcode is not
    /// public; the one of desir_550 is used.
    pub fn rights() -> Fault {
        let detail = "Droits insuffisants : le certificat n'est ni INSI-MANU ni INSI-AUTO.".to_owned();
        Fault {
            receiver: false,
            subcode: "siram_100",
            code: "desir_560",
            reason: NOT_ALLOWED.to_owned(),
            detail,
        }
    }

    /// siram_40 / insi_102, word for word as recorded.
    pub fn technical() -> Fault {
        Fault {
            receiver: true,
            subcode: "siram_40",
            code: "insi_102",
            reason: "Le service est temporairement inaccessible.\nVeuillez renouveler votre demande ultérieurement. Si le problème persiste, contactez l'éditeur du progiciel ou votre responsable informatique.".to_owned(),
            detail: "L appel au service de recherche avec les traits d identité renvoie une erreur technique.".to_owned(),
        }
    }

    /// The envelope to send with HTTP 500. `message_id` is echoed by Sender faults only, as recorded.
    pub fn envelope(&self, message_id: &str) -> String {
        let (reason, detail) = (escape(&self.reason), escape(&self.detail));
        let (subcode, code) = (self.subcode, self.code);
        if self.receiver {
            return format!(
                "{HEAD}<env:Body xmlns:S=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:env=\"http://www.w3.org/2003/05/soap-envelope\"><S:Fault xmlns:ns4=\"http://schemas.xmlsoap.org/soap/envelope/\"><S:Code><S:Value>S:Receiver</S:Value><S:Subcode><S:Value>S:{subcode}</S:Value></S:Subcode></S:Code><S:Reason><S:Text xml:lang=\"en\">{reason}</S:Text></S:Reason><S:Detail><siram:Erreur severite=\"fatal\" code=\"{code}\" xmlns:siram=\"urn:siram\">{detail}</siram:Erreur></S:Detail></S:Fault></env:Body></soap:Envelope>"
            );
        }
        let id = if message_id.is_empty() {
            String::new()
        } else {
            format!(" messageID=\"{}\"", escape(message_id))
        };
        format!(
            "{HEAD}<env:Body xmlns:env=\"http://www.w3.org/2003/05/soap-envelope\"><soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value><soap:Subcode><soap:Value>soap:{subcode}</soap:Value></soap:Subcode></soap:Code><soap:Reason><soap:Text xml:lang=\"fr\">{reason}</soap:Text></soap:Reason><soap:Detail><siram:Erreur code=\"{code}\"{id} severite=\"erreur\" xmlns:siram=\"urn:siram\">{detail}</siram:Erreur></soap:Detail></soap:Fault></env:Body></soap:Envelope>"
        )
    }
}

/// Code 01: nobody.
pub fn nobody() -> String {
    format!(
        "{HEAD}{}<CR><CodeCR>01</CodeCR><LibelleCR>Aucune identite trouvee</LibelleCR></CR>{}",
        CNDA.0, CNDA.1
    )
}

/// Code 02: several.
pub fn several() -> String {
    format!(
        "{HEAD}{}<CR><CodeCR>02</CodeCR><LibelleCR>Plusieurs identites trouvees</LibelleCR></CR>{}",
        LIVE.0, LIVE.1
    )
}

/// Code 00: one identity.
pub fn found(person: &Person) -> String {
    let (open, close) = if person.simulated { CNDA } else { LIVE };
    let mut x = String::from("<CR><CodeCR>00</CodeCR><LibelleCR>OK</LibelleCR></CR><INDIVIDU>");
    x.push_str(&format!("<INSACTIF>{}</INSACTIF>", ins(&person.ins)));
    for past in &person.history {
        let dates = past
            .dates
            .as_ref()
            .map(|(from, to)| format!("<DateDeb>{from}</DateDeb><DateFin>{to}</DateFin>"))
            .unwrap_or_default();
        let (before, after) = if past.dates_first { (dates.as_str(), "") } else { ("", dates.as_str()) };
        x.push_str(&format!("<INSHISTO>{before}{}{after}</INSHISTO>", ins(&past.ins)));
    }
    let list = person.given_names.join(" ");
    x.push_str(&format!("<TIQ><NomNaissance>{}</NomNaissance>", escape(&person.birth_name)));
    if person.shows_first_name {
        x.push_str(&format!("<Prenom>{}</Prenom>", escape(&list)));
    }
    x.push_str(&format!(
        "<ListePrenom>{}</ListePrenom><Sexe>{}</Sexe><DateNaissance>{}</DateNaissance>",
        escape(&list),
        escape(&person.sex),
        escape(&person.birth_date)
    ));
    if !person.birth_place.is_empty() {
        x.push_str(&format!("<LieuNaissance>{}</LieuNaissance>", escape(&person.birth_place)));
    }
    format!("{HEAD}{open}{x}</TIQ></INDIVIDU>{close}")
}

fn ins(ins: &Ins) -> String {
    let key = if ins.key.is_empty() { String::new() } else { format!("<Cle>{}</Cle>", ins.key) };
    format!(
        "<IdIndividu><NumIdentifiant>{}</NumIdentifiant>{key}</IdIndividu><OID>{}</OID>",
        ins.matricule, ins.oid
    )
}
