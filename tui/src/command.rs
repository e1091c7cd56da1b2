//! The one table of commands. Footer, help, palette and manual are generated from it.
//!
//! Every command has a stable kebab-case name, one French line that says what it does, a short label
//! for the footer (which may depend on what is on screen) and a condition. Keys are not here but in
//! `keymap/default.toml`; a test checks that every command can be reached.

use paillasse_shared::domain::rights::Right;

use crate::keymap::Context;
use crate::messages::labels;
use crate::state::State;

/// Which part of the manual and of the help a command belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What this screen is for.
    Screen,
    /// Moving about, everywhere.
    Everywhere,
    /// Moving in a list.
    List,
    /// Editing text.
    Text,
}

/// One command.
pub struct Command {
    /// Identity inside the program.
    pub id: Cmd,
    /// Stable name: key map files, manual.
    pub name: &'static str,
    /// One line in French, shown in help and palette.
    pub doc: &'static str,
    /// Short label of the footer.
    pub label: fn(&State) -> &'static str,
    /// Rank in the footer (1 first), 0 when never there.
    pub footer: u8,
    /// Where it can be run.
    pub contexts: &'static [Context],
    /// When it can be run.
    pub enabled: fn(&State) -> bool,
    /// Part of the help it belongs to.
    pub group: Group,
}

macro_rules! commands {
    ($($id:ident $name:literal, $label:expr, $footer:literal, $group:ident, [$($ctx:ident)*], $enabled:expr, $doc:literal;)*) => {
        /// The identity of every command.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "documented by the table itself")]
        pub enum Cmd { $($id),* }

        /// The table.
        pub const COMMANDS: &[Command] = &[$(Command {
            id: Cmd::$id, name: $name, doc: $doc, label: $label, footer: $footer,
            contexts: &[$(Context::$ctx),*], enabled: $enabled, group: Group::$group,
        }),*];
    };
}

fn always(_: &State) -> bool {
    true
}

commands! {
    Open "open", labels::open, 1, Screen, [Home Validation Queue Inbox], State::has_selection, "Ouvrir la ligne choisie";
    PatientCreate "patient-create", |_| "Créer", 3, Screen, [Home], State::may_create, "Créer le patient cherché (après une recherche)";
    Degraded "degraded-procedure", |_| "Procédure dégradée", 3, Screen, [Home Patient], State::may_degrade, "Créer ou corriger malgré tout ici (motif demandé)";
    DossierCreate "dossier-create", labels::dossier_create, 2, Screen, [Home Patient], State::has_patient, "Enregistrer un nouveau dossier pour ce patient";
    RegisterNext "register-next", labels::register_next, 1, Screen, [Register], always, "Prendre la ligne; champ vide : la suite, puis enregistrer";
    RegisterSkip "register-skip", labels::register_skip, 4, Screen, [Register], always, "Passer des examens aux correspondants et retour";
    DossierUrgent "dossier-urgent", |_| "Urgent", 3, Screen, [Register], always, "Marquer le dossier urgent, ou non";
    DossierReceived "dossier-received", |_| "Reçu d'un LBM", 0, Screen, [Register], always, "Dossier reçu d'un LBM : son numéro, puis ce LBM en premier";
    FormSave "form-save", labels::save, 2, Screen, [Form Register], always, "Enregistrer aussitôt (prend d'abord la ligne choisie)";
    FormEnter "form-enter", labels::form_enter, 1, Screen, [Form], always, "Champ suivant; champ facultatif vide : enregistrer";
    FieldNext "field-next", |_| "", 0, Screen, [Form], always, "Aller au champ suivant (enregistre après le dernier)";
    FieldPrevious "field-previous", |_| "Précédent", 0, Screen, [Form], always, "Revenir au champ précédent";
    PatientNext "patient-next", labels::patient_next, 1, Screen, [Patient], always, "Faire ce que la fiche attend : accepter, qualifier, ouvrir";
    PatientShow "patient-show", |_| "Fiche patient", 6, Screen, [Dossier Review Order], always, "Ouvrir la fiche du patient";
    InsFetch "ins-fetch", |_| "Appeler INSi", 2, Screen, [Patient], State::can_fetch_ins, "Interroger le téléservice INSi pour ce patient";
    InsManual "ins-manual", |_| "Corriger", 5, Screen, [Patient], always, "Corriger les traits saisis ici";
    ConsentEdit "consent-edit", |_| "Accords", 6, Screen, [Patient], always, "Information et accords : Mon espace santé, DMP, messagerie";
    PatientHistory "patient-history", |_| "Historique", 7, Screen, [Patient], always, "Historique de l'identité et des actes sur cette fiche";
    PatientMatricules "patient-matricules", |_| "Matricules", 0, Screen, [Patient], State::may_see_ins, "Anciens matricules INS de ce patient";
    PatientCorrections "patient-corrections", |_| "Corrections", 0, Screen, [Patient], always, "Qui prévenir d'une correction de cette identité";
    AttributeHomonyme "attribute-homonyme", |_| "Homonyme", 0, Screen, [Patient], State::may_attribute, "Attribut « homonyme » : le mettre ou le retirer";
    AttributeDouteux "attribute-douteux", |_| "Douteuse", 0, Screen, [Patient], State::may_attribute, "Identité douteuse : mettre ou retirer l'attribut";
    AttributeFictif "attribute-fictif", |_| "Fictive", 0, Screen, [Patient], State::may_attribute, "Identité fictive : mettre ou retirer l'attribut";
    StatusHelp "status-help", |_| "", 0, Screen, [Patient Compare Dossier Review], State::may_attribute, "Ce qui manque à cette identité pour être qualifiée";
    InsQualify "ins-qualify", labels::device, 4, Screen, [Patient Compare], State::can_qualify, "Qualifier avec une pièce vue (passeport, carte d'identité…)";
    InsAccept "ins-accept", |_| "Accepter", 1, Screen, [Compare], State::may_accept, "Accepter les traits d'INSi tels quels";
    InsRefuse "ins-refuse", |_| "Refuser", 2, Screen, [Compare], always, "Refuser le retour d'INSi (motif demandé)";
    Choose "choose", |_| "Choisir", 1, Screen, [Choice Picker Palette], State::has_choice, "Choisir la ligne";
    ResultEdit "result-edit", |_| "Saisir", 1, Screen, [Dossier], State::has_results, "Saisir ou corriger le résultat choisi";
    ResultCommitNext "result-commit-next", |_| "Ligne suivante", 1, Screen, [Result], always, "Garder la valeur et descendre";
    ResultCommitPrevious "result-commit-previous", |_| "Ligne précédente", 0, Screen, [Result], always, "Garder la valeur et remonter";
    ExamAdd "exam-add", |_| "Examen", 3, Screen, [Dossier], always, "Ajouter un examen du catalogue";
    ExamRemove "exam-remove", |_| "Retirer", 0, Screen, [Dossier], State::has_results, "Retirer l'examen choisi (sans résultat validé)";
    CorrespondentAdd "correspondent-add", |_| "Correspondant", 4, Screen, [Dossier], always, "Choisir le prescripteur ou une copie";
    DossierReview "dossier-review", labels::review, 2, Screen, [Dossier Result], State::may_review, "Ouvrir ce dossier en validation (garde la valeur en cours)";
    DocumentPreview "document-preview", |_| "Aperçu", 6, Screen, [Dossier Review], always, "Voir le compte rendu tel qu'il partira";
    PreviewWrite "preview-write", |_| "Page et PDF", 1, Screen, [Pane], State::shows_preview, "Écrire l'aperçu en page et en PDF pour un autre logiciel";
    DossierBilling "dossier-billing", |_| "Relevé pour facturation", 0, Screen, [Dossier Review], always, "Relevé de ce dossier pour la facturation (sans INS)";
    Validate "validate", labels::validate, 1, Screen, [Review], State::may_validate, "Valider : technique d'abord, puis biologique";
    DocumentHold "document-hold", |_| "Retenir", 3, Screen, [Review], always, "Retenir ce document, ou le libérer";
    DocumentInvisible "document-invisible", |_| "Invisible", 4, Screen, [Review], always, "Document invisible au patient jusqu'à l'annonce, ou visible";
    CallTrace "call-trace", |_| "Tracer", 2, Screen, [Review], State::has_critical, "Tracer l'appel du prescripteur pour un résultat critique";
    OrderCure "order-cure", |_| "Guérir", 2, Screen, [Queue Order], State::has_selection, "Aller au geste qui guérit cette cause";
    OrderNow "order-now", |_| "Maintenant", 3, Screen, [Queue Order], State::has_selection, "Envoyer maintenant ce qui attend une heure";
    OrderPause "order-pause", labels::pause, 4, Screen, [Queue Order], always, "Mettre ce service en pause, ou le reprendre";
    OrderRetry "order-retry", |_| "Rejouer", 5, Screen, [Queue Order], State::has_selection, "Rejouer les ordres de cette cause";
    OrderCancel "order-cancel", |_| "Annuler l'envoi", 0, Screen, [Queue Order], State::has_selection, "Annuler l'envoi avant son départ";
    MessageReplay "message-replay", |_| "Rejouer", 2, Screen, [Inbox Message], State::has_selection, "Rejouer ce message d'automate";
    MessageAttach "message-attach", |_| "Classer", 4, Screen, [Inbox Message], State::has_selection, "Classer ce message à la main sous un dossier ou une fiche";
    MessageClose "message-close", |_| "Écarter", 3, Screen, [Inbox Message], State::has_selection, "Écarter ce message (motif demandé)";
    PromptAccept "prompt-accept", |_| "Confirmer", 1, Screen, [Reason], State::may_accept_prompt, "Garder ce qui est tapé, quand l'acte peut être repris";
    Confirm "confirm", labels::confirm, 1, Screen, [Confirm Reason], State::may_confirm, "Confirmer";
    Help "help", |_| "Aide", 90, Everywhere, [Global], always, "Toutes les touches valables maintenant";
    Palette "palette", |_| "Tout faire", 91, Everywhere, [Global], always, "Chercher une commande par son nom";
    Back "back", labels::back, 80, Everywhere, [Global Confirm], State::may_go_back, "Revenir, sans rien perdre";
    GoSearch "go-search", |_| "Recherche", 0, Everywhere, [Global], always, "Nouvelle recherche";
    GoValidation "go-validation", |_| "Validation", 0, Everywhere, [Global], always, "Aller aux dossiers à valider";
    GoQueue "go-queue", |_| "Envois", 0, Everywhere, [Global], always, "Envois : pourquoi pas parti ?";
    GoInbox "go-inbox", |_| "Automates", 0, Everywhere, [Global], always, "Messages d'automates à traiter";
    GoIns "go-ins", |_| "Retours INSi", 0, Everywhere, [Global], always, "Retours d'INSi à traiter";
    GoJournal "go-journal", |_| "Journal", 0, Everywhere, [Global], always, "Journal des actes";
    CardUse "card-use", |_| "Carte", 0, Everywhere, [Global], always, "Carte lue : ouvrir son patient, ou appeler INSi par elle";
    CopyId "copy-id", |_| "Copier", 0, Everywhere, [Global], State::has_identifier, "Copier l'identifiant affiché dans le presse-papiers";
    ThemeNext "theme-next", |_| "Thème", 0, Everywhere, [Global], always, "Changer de thème de couleurs";
    DisplayRestricted "display-restricted", |_| "Restreint", 0, Everywhere, [Global], always, "Affichage restreint : initiales, aucun numéro (ou revenir)";
    Redraw "redraw", |_| "Redessiner", 0, Everywhere, [Global], always, "Redessiner l'écran";
    About "about", |_| "À propos", 0, Everywhere, [Global], always, "Version, laboratoire, poste";
    Quit "quit", |_| "Quitter", 0, Everywhere, [Global], always, "Quitter le poste";
    Up "up", |_| "Haut", 0, List, [List], always, "Ligne précédente";
    Down "down", |_| "Bas", 0, List, [List], always, "Ligne suivante";
    PageUp "page-up", |_| "Page préc.", 0, List, [List], always, "Page précédente";
    PageDown "page-down", |_| "Page suiv.", 0, List, [List], always, "Page suivante";
    First "first", |_| "Début", 0, List, [List], always, "Première ligne";
    Last "last", |_| "Fin", 0, List, [List], always, "Dernière ligne";
    TextLeft "text-left", |_| "", 0, Text, [Text], always, "Curseur à gauche";
    TextRight "text-right", |_| "", 0, Text, [Text], always, "Curseur à droite";
    TextStart "text-start", |_| "", 0, Text, [Text], always, "Curseur au début";
    TextEnd "text-end", |_| "", 0, Text, [Text], always, "Curseur à la fin";
    TextBackspace "text-backspace", |_| "", 0, Text, [Text], always, "Effacer avant le curseur";
    TextDelete "text-delete", |_| "", 0, Text, [Text], always, "Effacer sous le curseur";
    TextDeleteWord "text-delete-word", |_| "", 0, Text, [Text], always, "Effacer le mot";
    TextClear "text-clear", |_| "", 0, Text, [Text], always, "Vider le champ";
    TextUndo "text-undo", |_| "", 0, Text, [Text], always, "Annuler la dernière frappe";
    TextRedo "text-redo", |_| "", 0, Text, [Text], always, "Refaire";
}

/// The command of that name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|c| c.name == name)
}

/// The table's entry of an identity.
#[must_use]
pub fn get(id: Cmd) -> Option<&'static Command> {
    COMMANDS.iter().find(|c| c.id == id)
}

impl Command {
    /// Whether it can be run in these contexts and this state.
    #[must_use]
    pub fn available(&self, contexts: &[Context], state: &State) -> bool {
        self.possible(contexts, state) && self.denied(state).is_none()
    }

    /// Whether it can be run in these contexts and this state, by a person who has the right.
    #[must_use]
    pub fn possible(&self, contexts: &[Context], state: &State) -> bool {
        contexts.iter().any(|c| self.contexts.contains(c)) && (self.enabled)(state)
    }

    /// The right that the person lacks for it (INS-13).
    #[must_use]
    pub fn denied(&self, state: &State) -> Option<Right> {
        right_of(self.id).filter(|r| state.lacks(*r))
    }
}

/// The right that a command needs, where the daemon asks for one whatever the case. Each right is separate (INS-13).
#[must_use]
pub fn right_of(cmd: Cmd) -> Option<Right> {
    Some(match cmd {
        Cmd::PatientCreate
        | Cmd::Degraded
        | Cmd::DossierCreate
        | Cmd::InsManual
        | Cmd::ConsentEdit
        | Cmd::AttributeHomonyme
        | Cmd::ExamAdd
        | Cmd::CorrespondentAdd
        | Cmd::DossierBilling => Right::Register,
        Cmd::InsFetch | Cmd::InsAccept | Cmd::InsRefuse => Right::CallInsi,
        Cmd::InsQualify | Cmd::AttributeDouteux | Cmd::AttributeFictif => Right::QualifyIdentity,
        Cmd::DocumentHold | Cmd::DocumentInvisible | Cmd::OrderCancel => Right::DecideDocuments,
        Cmd::OrderNow | Cmd::OrderPause | Cmd::OrderRetry => Right::ManageQueue,
        Cmd::GoJournal => Right::ReadAudit,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keymap::{Keymap, Resolved};

    #[test]
    fn names_are_kebab_case_unique_and_documented() {
        let mut seen = std::collections::BTreeSet::new();
        for c in COMMANDS {
            assert!(c.name.chars().all(|x| x.is_ascii_lowercase() || x == '-'), "{}", c.name);
            assert!(seen.insert(c.name), "{} twice", c.name);
            assert!(
                (4..=62).contains(&c.doc.chars().count()) && !c.doc.ends_with('.') && !c.doc.contains('\n'),
                "{}",
                c.name
            );
        }
    }

    /// Every key binding names a command that says it is valid in that context.
    #[test]
    fn every_binding_is_of_a_command_valid_there() {
        for (context, key, cmd) in Keymap::standard().bindings() {
            let c = get(cmd).unwrap();
            assert!(c.contexts.contains(&context), "{key} in {context:?}: {} is not valid there", c.name);
        }
    }

    /// Every F-key has a second road: the palette offers all but text and list keys.
    #[test]
    fn ux_06_every_command_has_a_key_or_is_in_the_palette() {
        let map = Keymap::standard();
        for c in COMMANDS {
            let keyed = c.contexts.iter().all(|x| map.key_for(&[*x], c.id).is_some());
            let palette = matches!(c.group, Group::Screen | Group::Everywhere);
            assert!(keyed || palette, "{} cannot be reached", c.name);
        }
    }

    /// The key that asks is never the key that confirms.
    #[test]
    fn confirming_keys_run_nothing_elsewhere() {
        let map = Keymap::standard();
        let confirming: Vec<_> =
            map.bindings().filter(|(_, _, cmd)| *cmd == Cmd::Confirm).map(|(_, k, _)| k).collect();
        for (context, key, cmd) in map.bindings() {
            if cmd != Cmd::Confirm {
                assert!(!confirming.contains(&key), "{key} confirms, and runs {cmd:?} in {context:?}");
            }
        }
        assert!(confirming.iter().all(|k| map.resolve(&[Context::Global], *k) == Resolved::Nothing));
    }

    #[test]
    fn one_meaning_per_key_for_the_keys_of_everywhere() {
        let map = Keymap::standard();
        let global: Vec<_> = map.bindings().filter(|(c, _, _)| *c == Context::Global).collect();
        for (context, key, cmd) in map.bindings() {
            if let Some((_, _, meaning)) = global.iter().find(|(_, k, _)| *k == key) {
                assert_eq!(*meaning, cmd, "{key} means something else in {context:?}");
            }
        }
    }
}
