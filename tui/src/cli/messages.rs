//! Sentences of the command line, in French. Column headings and labels stand beside the tables that use them, the
//! help of each command beside its definition.

use std::path::Path;

/// Nobody listens on the socket: there is no such file.
pub fn absent(socket: &Path) -> String {
    format!("le service du laboratoire n'est pas lancé ({} n'existe pas)", socket.display())
}

/// A socket file is there, but nobody answers behind it.
pub fn stale(socket: &Path) -> String {
    format!("le service du laboratoire s'est arrêté ({} ne répond plus)", socket.display())
}

/// What to do when there is no daemon.
pub const START_IT: &str =
    "démarrez-le (systemctl start paillassed), désignez-le avec --socket, ou essayez « paillasse demo »";

/// The system account may not open the socket.
pub fn permission(socket: &Path) -> String {
    format!("ce compte n'a pas le droit d'ouvrir {}", socket.display())
}

/// What to do about it.
pub const ASK_ACCESS: &str = "demandez à l'administrateur d'ajouter ce compte au groupe du laboratoire";

/// The socket cannot be used for another reason.
pub fn unusable(socket: &Path, words: &str) -> String {
    format!("la connexion au service par {} est impossible : {words}", socket.display())
}

/// The deadline passed.
pub fn too_slow(seconds: f32) -> String {
    format!("le service du laboratoire n'a pas répondu en {seconds} s").replace('.', ",")
}

/// What to do when the deadline passed.
pub const WAIT_MORE: &str =
    "l'acte a peut-être eu lieu : vérifiez avant de recommencer ; --timeout laisse plus de temps";

/// The daemon closed the connection before answering.
pub const CLOSED: &str = "le service du laboratoire a coupé la connexion avant de répondre";
/// What to do about it.
pub const CLOSED_HINT: &str = "vérifiez l'état avec « paillasse status », puis si l'acte a eu lieu";

/// The daemon speaks another version of the protocol.
pub fn version(ours: u32, theirs: u32) -> String {
    format!("cette commande parle la version {ours} du protocole, le service la version {theirs}")
}

/// What to do about it.
pub const SAME_VERSION: &str =
    "installez la même version de paillasse et de paillassed, puis redémarrez le service";

/// The answer is not of the protocol.
pub fn unreadable(words: &str) -> String {
    format!("la réponse du service est illisible : {words}")
}

/// The answer is longer than any answer may be.
pub const TOO_LONG: &str = "elle dépasse la longueur permise";

/// A file could not be read or written.
pub fn file(path: &Path, words: &str) -> String {
    format!("{} : {words}", path.display())
}

/// The demonstration found by itself is used.
pub fn using_demo(socket: &Path) -> String {
    format!("ÉCOLE : démonstration en cours, {}", socket.display())
}

/// No simulator to talk to.
pub const NO_SIM: &str = "aucun simulateur n'est connu ici";
/// What to do about it.
pub const NO_SIM_HINT: &str =
    "lancez « paillasse demo », ou désignez le simulateur avec --control ou PAILLASSE_SIM_CONTROL";

/// A dossier has no document.
pub fn no_document(number: &str) -> String {
    format!("le dossier {number} n'a pas encore de document")
}

/// A document is not one that can be read.
pub fn not_read(path: &Path, words: &str) -> String {
    format!("{} : {words}", path.display())
}

/// A file that no request can carry; sizes in megabytes.
pub fn too_large(size: u64, most: u64) -> String {
    format!("le fichier est trop volumineux ({size} Mo ; au plus {most} Mo)")
}

/// A document that came before.
pub const ALREADY_RECEIVED: &str = "ce document était déjà reçu : rien n'a changé";

/// Nothing to change was given.
pub const NOTHING_TO_CHANGE: &str = "il n'y a rien à changer : donnez au moins une option";
