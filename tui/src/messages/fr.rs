//! The fixed sentences and words, in French.

/// Name of the program in line 1.
pub const PROGRAM: &str = "PAILLASSE";
/// Mark of training systems.
pub const SCHOOL: &str = " ÉCOLE ";
/// Window too small.
pub const ENLARGE: &str = "Agrandir la fenêtre (60 x 20)";
/// First seconds.
pub const CONNECTING: &str = "connexion…";
/// Nobody answers.
pub const DAEMON_ABSENT: &str = "service du laboratoire injoignable, nouvel essai automatique";
/// Day before.
pub const YESTERDAY: &str = "hier";

/// Counter: urgent dossiers to validate.
pub const LIST_URGENT: &str = "urgents";
/// Counter: dossiers to validate.
pub const LIST_VALIDATE: &str = "à valider";
/// Counter: returns of INSi.
pub const LIST_INSI: &str = "INSi";
/// Counter: orders that need a person.
pub const LIST_PARKED: &str = "envois";
/// Counter: messages of analysers.
pub const LIST_INBOX: &str = "automates";

/// Before the counters of what waits for somebody.
pub const TO_DO: &str = "À traiter  ";

/// Label of the search field.
pub const SEARCH: &str = "Rechercher";
/// Nothing found.
pub const NOBODY: &str = "Personne ne correspond.";
/// Before the first answer.
pub const LOADING: &str = "lecture…";
/// A value that is not known.
pub const UNKNOWN: &str = "–";

/// Column titles of the patient list.
pub const COL_BIRTH_NAME: &str = "Nom de naissance";
/// Column title.
pub const COL_GIVEN: &str = "Prénoms";
/// Column title.
pub const COL_BORN: &str = "Né(e) le";
/// Column title.
pub const COL_SEX: &str = "S";
/// Column title.
pub const COL_USED: &str = "Nom utilisé";
/// Column title.
pub const COL_IDENTITY: &str = "Identité";
/// Column title.
pub const COL_DOSSIER: &str = "Dossier";
/// Column title.
pub const COL_DAY: &str = "Ouvert le";
/// Column title.
pub const COL_STATE: &str = "État";
/// Column title.
pub const COL_PATIENT: &str = "Patient";
/// Column title.
pub const COL_WORST: &str = "Pire";
/// Column title.
pub const COL_DONE: &str = "Rendus";
/// Column title.
pub const COL_CAUSE: &str = "Par cause";
/// Column title.
pub const COL_COUNT: &str = "Nombre";
/// Column title.
pub const COL_SINCE: &str = "Depuis";
/// Column title.
pub const COL_CURE: &str = "Ce qui guérit";
/// Column title.
pub const COL_TO: &str = "Vers";
/// Column title.
pub const COL_RECEIVED: &str = "Reçu";
/// Column title.
pub const COL_SENDER: &str = "Expéditeur";
/// Column title.
pub const COL_KIND: &str = "Type";
/// Column title.
pub const COL_WHY: &str = "Pourquoi";
/// Column title.
pub const COL_ASKED: &str = "Demandé par";

/// Labels of the form, in order.
pub const FORM_LABELS: [&str; 10] = [
    "Nom de naissance",
    "1er prénom",
    "Prénoms (liste)",
    "Né(e) le",
    "Sexe",
    "Lieu de naissance",
    "Nom utilisé",
    "Prénom utilisé",
    "Téléphone",
    "N° sécu (facturation)",
];
/// What each field of the form expects.
pub const FORM_HINTS: [&str; 10] = [
    "Le nom de naissance, comme sur la pièce d'identité.",
    "Le premier prénom de naissance ; un prénom composé s'écrit avec son tiret.",
    "Tous les prénoms de la pièce, dans l'ordre ; vide si inconnus.",
    "JJ/MM/AAAA ; les points et tirets conviennent aussi.",
    "F, M, ou I si indéterminé.",
    "Commune, pays ou code, au nom d'alors ; INCONNU si personne ne le sait.",
    "Facultatif : le nom d'usage, s'il diffère. Vide, Entrée enregistre.",
    "Facultatif : le prénom d'usage, s'il diffère. Vide, Entrée enregistre.",
    "Facultatif. Vide, Entrée enregistre.",
    "Facultatif, pour la facturation seulement : souvent celui d'un parent.",
];
/// Title of the form.
pub const FORM_NEW: &str = "Nouveau patient";
/// Title of the form.
pub const FORM_EDIT: &str = "Corriger les traits";
/// Locked traits.
pub const LOCKED: &str = "Traits verrouillés (identité récupérée ou qualifiée) : un motif sera demandé.";
/// Traits that cannot be typed here (STA-10): sign, its ASCII twin.
pub const LOCK: [&str; 2] = ["▣", "#"];
/// The same in words.
pub const LOCKED_HERE: &str = "Traits verrouillés : seuls les champs du bas se corrigent ici.";
/// Degraded procedure: title.
pub const DEGRADED: &str = "Procédure dégradée";
/// Degraded procedure: note.
pub const DEGRADED_NOTE: &str = "Les identités viennent d'un autre système. Dire pourquoi celle-ci se saisit ici : le motif est inscrit au journal et marqué sur la fiche.";
/// Degraded procedure: mark of a record.
pub const DEGRADED_MARK: &str = "Procédure dégradée";
/// The place is needed.
pub const PLACE_NEEDED: &str = "Lieu de naissance : nécessaire. Tapez INCONNU si personne ne le sait.";
/// A form closed as it was opened.
pub const NOTHING_CHANGED: &str = "Rien n'a changé.";
/// Restricted display, on line 1.
pub const RESTRICTED: &str = "AFFICHAGE RESTREINT";
/// Restricted display begins.
pub const RESTRICTED_ON: &str = "Affichage restreint : initiales, aucun numéro. F12 montre tout de nouveau.";
/// Restricted display ends.
pub const RESTRICTED_OFF: &str = "Affichage complet.";
/// Title.
pub const BILLING: &str = "Relevé pour facturation";
/// A text that names a person, while the display is restricted.
pub const RESTRICTED_TEXT: &str = "Texte masqué : affichage restreint.";
/// Status of the identity an order is about.
pub const IDENTITY_OF_PATIENT: &str = "Identité ";
/// What stands for a fact while the display is restricted.
pub const MASKED: &str = "masqué";
/// A document recorded, the identity not yet validated.
pub const DONE_RECORDED: &str = "Pièce enregistrée. F7 valide l'identité.";
/// Required fields.
pub const REQUIRED: &str = "Ce champ est nécessaire.";
/// Bad sex.
pub const BAD_SEX: &str = "Sexe : F, M ou I.";

/// Bandeau: what the patient said about Mon espace santé.
pub const MES_OPPOSED: &str = "MES : opposé";
/// Bandeau.
pub const MES_INFORMED: &str = "MES : informé";
/// Bandeau.
pub const MES_NOT_INFORMED: &str = "MES : pas informé";

/// Headings of the patient screen.
pub const INS_PANEL: &str = "Identité nationale de santé";
/// Heading.
pub const DOSSIERS: &str = "Dossiers";
/// No dossier.
pub const NO_DOSSIER: &str = "Aucun dossier pour l'instant.";
/// INS not shown.
pub const NO_INS: &str = "Pas d'INS sur cette fiche.";

/// Title of the comparison columns.
pub const HERE: &str = "Ici";
/// Title of the comparison columns.
pub const AT_INSI: &str = "INSi";
/// Comparison under way.
pub const INSI_FOUND: &str = "INSi a trouvé une identité";
/// A record already carries it.
pub const HELD_BY: &str = "Attention : une autre fiche porte déjà ce matricule. Rapprocher avant d'accepter.";
/// Contradiction.
pub const CONTRADICTION: &str = "Ce retour contredit nos traits : est-ce bien la même personne ?";

/// Titles of overlays.
pub const HELP: &str = "Aide : ce que font les touches ici";
/// Title.
pub const PALETTE: &str = "Tout faire";
/// Title.
pub const QUALIFY: &str = "Quelle pièce avez-vous vue ?";
/// Title.
pub const QUALIFY_PARENT: &str = "Et quelle pièce du parent ?";
/// Note.
pub const QUALIFY_NOTE: &str =
    "La pièce doit être l'original, en cours de validité, et conforme aux traits affichés.";
/// Title.
pub const CONSENT: &str = "Mon espace santé : information et accord";
/// Choices of consent.
pub const CONSENT_CHOICES: [(char, &str, &str); 3] = [
    ('i', "Informé, non opposé", "l'alimentation se fait"),
    ('o', "Informé, opposé", "rien ne part vers Mon espace santé"),
    ('n', "Pas encore informé", "l'information reste à donner"),
];
/// Title.
pub const ROLE: &str = "À quel titre ?";
/// Title.
pub const SIMILAR: &str = "Est-ce l'une de ces personnes ?";
/// Note.
pub const SIMILAR_NOTE: &str = "Des identités proches existent déjà.";
/// Choice.
pub const SIMILAR_HOMONYMS: &str = "Aucune, mais homonymes : créer et marquer toutes ces fiches";
/// Choice.
pub const SIMILAR_NONE: &str = "Aucune : créer ce nouveau patient";
/// Title.
pub const PICK_EXAM: &str = "Ajouter un examen";
/// Title.
pub const RECEIVED_FROM_LAB: &str = "Dossier reçu d'un autre laboratoire";
/// Note.
pub const RECEIVED_FROM_LAB_NOTE: &str =
    "Son n° de dossier. Le premier correspondant est ce laboratoire : seul il reçoit.";
/// Role of the first correspondent of such a dossier.
pub const REQUESTING_LAB: &str = "laboratoire demandeur";
/// Nobody was chosen.
pub const NO_LAB: &str = "Choisissez d'abord le laboratoire demandeur parmi les correspondants.";
/// Label.
pub const RECEIVED_FROM: &str = "Reçu de";
/// Title.
pub const PICK_CORRESPONDENT: &str = "Choisir un correspondant";
/// Title.
pub const PICK_ADDRESS: &str = "Quel correspondant corriger ?";
/// Title.
pub const REFUSE: &str = "Refuser le retour d'INSi";
/// Note.
pub const REFUSE_NOTE: &str = "Motif du refus. L'identité reste telle qu'elle est ici.";
/// Title.
pub const CANCEL_ORDER: &str = "Annuler l'envoi";
/// Note.
pub const CANCEL_ORDER_NOTE: &str = "Motif de l'annulation. Rien ne partira vers ce destinataire.";
/// Title.
pub const CANCEL_RESULT: &str = "Examen non fait";
/// Note.
pub const CANCEL_RESULT_NOTE: &str = "Motif, tel qu'il figurera au dossier.";
/// Title.
pub const TRACE: &str = "Tracer l'appel du prescripteur";
/// Note.
pub const TRACE_NOTE: &str = "Qui a été prévenu, et ce qui a été dit.";
/// Title.
pub const ADDRESS: &str = "Adresse MSSanté du correspondant";
/// Note.
pub const ADDRESS_NOTE: &str = "l'adresse complète. Les envois que cela retenait partent, une fois.";
/// Title.
pub const ATTACH_MESSAGE: &str = "Classer ce message";
/// Note of a prompt.
pub const ATTACH_MESSAGE_NOTE: &str =
    "Numéro du dossier, par exemple 26-118733. Pour une identité : numéro de la fiche, ou « nouveau ».";
/// Title of a choice.
pub const CORRECTIONS: &str = "Qui prévenir de la correction de cette identité";
/// No correction waits.
pub const NO_CORRECTION: &str = "Aucune correction de cette identité n'est à propager.";
/// Title of a prompt.
pub const CORRECTION_DONE: &str = "Correction propagée à la main";
/// Note of a prompt.
pub const CORRECTION_DONE_NOTE: &str = "Ce qui a été fait.";
/// What is typed for an identity that is new.
pub const ATTACH_NEW: &str = "nouveau";
/// What was typed names nothing.
pub const ATTACH_WHAT: &str = "Taper un numéro de dossier, un numéro de fiche ou « nouveau ».";
/// Question of a confirmation.
pub const ATTACH_DESPITE: &str = "Classer malgré la différence ?";
/// Title.
pub const CLOSE_MESSAGE: &str = "Écarter ce message";
/// Note.
pub const CLOSE_MESSAGE_NOTE: &str = "Motif. Le message reste conservé et rejouable.";
/// Title.
pub const MOTIVE: &str = "Motif de la correction";
/// Asked under the effects of an attribute.
pub const ATTRIBUTE_MOTIVE: &str = "Pourquoi ?";
/// Note.
pub const MOTIVE_NOTE: &str = "Les traits sont verrouillés : le motif est inscrit à l'historique.";
/// Question.
pub const QUIT: &str = "Quitter avec un travail non enregistré ?";
/// Question.
pub const VALIDATE_ANYWAY: &str = "Un geste est attendu avant de valider. Valider quand même ?";

/// Titles of panes.
pub const JOURNAL: &str = "Journal des actes";
/// Title.
pub const HISTORY: &str = "Historique de l'identité";
/// Title.
pub const PREVIEW: &str = "Aperçu du compte rendu";
/// Title.
pub const ABOUT: &str = "À propos";
/// Title.
pub const VALIDATION: &str = "Dossiers à valider";
/// Title.
pub const INS_LIST: &str = "Retours d'INSi à traiter";
/// Title.
pub const QUEUE: &str = "Envois : pourquoi pas parti ?";
/// Title.
pub const INBOX: &str = "Messages d'automates à traiter";
/// Empty list.
pub const NOTHING_TO_VALIDATE: [&str; 2] =
    ["Rien à valider.", "Un dossier vient ici dès qu'un résultat est saisi ou reçu d'un automate."];
/// Empty list.
pub const NO_INS_RETURN: [&str; 2] =
    ["Aucun retour d'INSi à traiter.", "Une réponse qui attend quelqu'un vient ici ; la fiche le dit aussi."];
/// Empty list.
pub const NO_MESSAGE: [&str; 2] = [
    "Aucun message d'automate à traiter.",
    "Ceux qui sont illisibles ou ne trouvent pas leur dossier viennent ici.",
];
/// Empty queue.
pub const ALL_LEFT: &str = "Tout est parti : rien ne retient aucun envoi.";
/// Heading.
pub const DEPARTURE: &str = "Au départ après validation";
/// Heading while results are awaited.
pub const DEPARTURE_LATER: &str = "Au départ quand tout sera validé";
/// Heading.
pub const SENDINGS: &str = "Envois";
/// What cures an order that is leaving.
pub const ON_ITS_WAY: &str = "Attendre la réponse";
/// Heading.
pub const GATES: &str = "Ce qu'il faut pour partir";
/// Heading.
pub const ATTEMPTS: &str = "Essais, dans les mots du destinataire";
/// No attempt.
pub const NO_ATTEMPT: &str = "Aucun essai pour l'instant.";
/// Urgent dossier.
pub const URGENT: &str = "URGENT";
/// Column titles of results.
pub const COL_RESULT: &str = "Résultat";
/// Column title.
pub const COL_REFERENCE: &str = "Référence";
/// Column title.
pub const COL_TREND: &str = "Tendance";
/// Column title.
pub const COL_TREND_SHORT: &str = "Tend.";
/// New dossier.
pub const NEW_DOSSIER: &str = "Nouveau dossier";
/// Label.
pub const EXAMS: &str = "Examens";
/// Label.
pub const CORRESPONDENTS: &str = "Correspondants";
/// Nothing chosen yet.
pub const NONE_YET: &str = "aucun pour l'instant";

/// Sentences said after an act.
pub const DONE_CREATED: &str = "Patient créé. L'appel INSi se fait en arrière-plan.";
/// Said.
pub const DONE_EDITED: &str = "Traits corrigés.";
/// Said.
pub const DONE_ACCEPTED: &str = "Traits d'INSi acceptés. Reste à voir une pièce d'identité.";
/// Said.
pub const DONE_ACCEPTED_QUALIFIED: &str = "Traits d'INSi acceptés : identité qualifiée.";
/// Said.
pub const DONE_REFUSED: &str = "Retour d'INSi refusé ; l'identité reste inchangée.";
/// Said.
pub const DONE_DEVICE: &str = "Pièce enregistrée.";
/// Said.
pub const DONE_QUALIFIED: &str = "Identité qualifiée. Les envois que cela retenait partent.";
/// Said of a patient without dossier.
pub const DONE_QUALIFIED_NEW: &str = "Identité qualifiée. Entrée ouvre un premier dossier.";
/// Said.
pub const DONE_ATTRIBUTE_ON: &str = "Attribut mis ; il figure à côté du statut.";
/// Said.
pub const DONE_ATTRIBUTE_OFF: &str = "Attribut retiré.";
/// Said.
pub const DONE_CONSENT: &str = "Information et accord enregistrés.";
/// Said.
pub const DONE_FETCH: &str = "Appel INSi lancé ; la fiche reste utilisable.";
/// Said.
pub const DONE_DOSSIER: &str = "Dossier enregistré.";
/// Said.
pub const DONE_EXAM: &str = "Examen ajouté.";
/// Said.
pub const DONE_EXAM_REMOVED: &str = "Examen marqué non fait.";
/// Said.
pub const DONE_CORRESPONDENT: &str = "Correspondant ajouté.";
/// Said.
pub const DONE_TECHNICAL: &str = "Validé techniquement.";
/// Said.
pub const DONE_BIOLOGICAL: &str = "Validé. Le compte rendu part vers ses destinataires.";
/// Said.
pub const DONE_PARTIAL: &str = "Validé. Le compte rendu partira quand tout sera rendu et validé.";
/// Said.
pub const DONE_BUT_HELD: &str = "Validé. Un envoi est retenu, pour la raison au-dessus ; Ctrl-E la guérit.";
/// Said.
pub const DONE_NEXT: &str = "Validé ; voici le dossier suivant.";
/// Said.
pub const DONE_TRACED: &str = "Appel tracé.";
/// Said.
pub const DONE_RETRY: &str = "rejoué";
/// Said.
pub const DONE_CANCELLED: &str = "annulé";
/// Said.
pub const DONE_REPLAY_FILED: &str = "Message relu : tout est classé.";
/// Said.
pub const DONE_REPLAY: &str = "Message relu";
/// Said.
pub const DONE_CLOSED: &str = "Message écarté.";
/// Said.
pub const DONE_COPIED: &str = "Copié dans le presse-papiers";
/// Said.
pub const DONE_PAUSED: &str = "Service en pause : rien ne part, rien ne se perd.";
/// Said.
pub const DONE_RESUMED: &str = "Service repris.";
/// Said.
pub const DONE_HELD: &str = "Document retenu.";
/// Said.
pub const DONE_RELEASED: &str = "Document libéré.";
/// Said.
pub const DONE_HIDDEN: &str = "Document invisible au patient.";
/// Said.
pub const WILL_HOLD: &str =
    "Le compte rendu sera retenu à la validation. F5 de nouveau pour le laisser partir.";
/// Said.
pub const WILL_GO: &str = "Le compte rendu partira à la validation.";
/// Said.
pub const WILL_HIDE: &str = "Le compte rendu sera invisible au patient jusqu'à l'annonce.";
/// Said.
pub const WILL_SHOW: &str = "Le compte rendu sera visible du patient.";
/// Said.
pub const LINE_LOST: &str = "La liaison avec le service est perdue ; ce qui est affiché reste lisible.";
/// Said.
pub const STOPPING: &str = "Le service du laboratoire s'arrête ; le poste se reconnectera seul.";
/// Said.
pub const NOT_NOW: &str = "Pas possible maintenant";
/// Said.
pub const NO_DOCUMENT: &str = "Ce dossier n'a pas encore de compte rendu.";
/// Said.
pub const NO_EXAM: &str = "Choisir au moins un examen.";
/// Said.
pub const DRAFT_KEPT: &str = "Saisie gardée : F2 la reprend.";
/// Said.
pub const DOSSIER_DRAFT_KEPT: &str = "Dossier commencé gardé : F4 le reprend.";
/// Said after the scan of an unknown patient.
pub const SCAN_NEW: &str = "Personne ne porte cette identité ici : vérifier, puis Ctrl-S crée la fiche.";
/// Place.
pub const PLACE_TO_CHOOSE: &str = "Choisir le lieu dans la liste (flèches, Entrée), ou taper INCONNU.";
/// Place.
pub const PLACE_UNKNOWN: &str = "Aucun lieu de ce nom : l'écrire autrement, ou taper son code, ou INCONNU.";
/// A key that answers nothing.
pub const ANSWER: &str = "Répondre par O (oui) ou N (non).";
/// First sentence of a training system.
pub const WELCOME: &str = "Bienvenue. Tapez un nom pour trouver ou créer un patient ; F1 aide.";
/// Search while the line is down.
pub const SEARCH_WAITS: &str = "La recherche attend le service ; ce qui est tapé est gardé.";
/// An empty base.
pub const NO_PATIENT: &str = "Aucun patient encore. Tapez nom, prénom et date de naissance, puis F2.";
/// Bandeau of a dossier in validation.
pub const VALIDATION_SHORT: &str = "Validation";
/// Label of the record.
pub const BIRTH_PLACE: &str = "Lieu de naissance";
/// Document held by a person.
pub const HELD_SHORT: &str = "retenu par vous ou un collègue : F5 le libère";
/// Document hidden from the patient.
pub const HIDDEN_SHORT: &str = "invisible au patient : F6 le rend visible";
/// Said.
pub const INSI_RETURN: &str = "INSi a répondu pour ce patient : Entrée pour voir le retour.";
/// Said.
pub const INSI_NOBODY: &str = "INSi ne trouve personne : Entrée montre quoi essayer ; F4 continue sans INS.";
/// Said.
pub const INSI_SEVERAL: &str =
    "INSi trouve plusieurs personnes : Entrée montre quoi essayer ; F4 continue sans.";
/// Title of the levers after 01.
pub const LEVERS_NOBODY: &str = "INSi ne trouve personne";
/// Title of the levers after 02.
pub const LEVERS_SEVERAL: &str = "INSi trouve plusieurs personnes";
/// Above the levers.
pub const LEVERS_NOTE: &str = "Relire la pièce avec le patient, puis essayer dans cet ordre :";
/// What to try, in the order of the national memo: letter, label, detail.
pub const LEVERS: &[(char, &str, &str)] = &[
    ('p', "Ajouter les autres prénoms", "tous ceux de la pièce, dans l'ordre"),
    ('l', "Préciser le lieu de naissance", "commune de naissance, ou pays"),
    ('c', "Utiliser la carte Vitale", "aucune carte lue sur ce poste"),
    ('n', "Vérifier le nom de naissance", "pas celui du mariage"),
    ('t', "Chercher avec tous les prénoms et le lieu", "une dernière question à INSi"),
    ('s', "Poursuivre sans INS", "l'INS pourra venir plus tard"),
];
/// Said.
pub const NO_CARD: &str = "Aucune carte n'a été lue sur ce poste.";
/// Said.
pub const CARD_OF_ANOTHER: &str = "La carte lue n'est pas celle de ce patient : vérifier à qui elle est.";
/// Said.
pub const CARD_NOT_CALLABLE: &str =
    "Cette carte ne permet pas l'appel (lecture non authentifiée ou trop ancienne) : F3.";
/// Title of the choice among the people of a card.
pub const CARD_PEOPLE: &str = "Personnes de la carte";
/// Said when the form is filled from a card.
pub const CARD_NEW: &str =
    "Carte inconnue ici : compléter. Le nom lu peut être celui du mariage : voir la pièce.";
/// Said.
pub const DONE_BY_ITSELF: &str =
    "Identité reprise d'INSi d'elle-même : tout était identique. Reste à voir une pièce.";
/// Title.
pub const MATRICULES: &str = "Anciens matricules (jamais transmis)";
/// In the pane when there are none.
pub const NO_MATRICULES: &str = "Aucun ancien matricule connu.";
/// Said.
pub const SCAN_UNKNOWN: &str = "Code scanné : recherche…";
/// Said.
pub const SCAN_LAYOUT: &str =
    "Lecteur réglé sur un autre clavier (chiffres illisibles) : corriger son réglage.";

/// What a pause does.
pub const PAUSE_LINES: [&str; 2] =
    ["Plus rien ne part vers ce service jusqu'à la reprise.", "Les ordres attendent ; rien ne se perd."];
/// What a replay does.
pub const RETRY_LINES: [&str; 1] =
    ["Chaque ordre est rejoué une fois, avec son identifiant : aucun doublon."];

/// Nothing found in a catalogue.
pub const NOTHING_FOUND: &str = "Rien trouvé.";
/// Under an empty search.
pub const CREATE_HINT: &str = "F2 crée ce patient avec ce qui est tapé.";
/// Title of confirmations.
pub const CONFIRM: &str = "À confirmer";
/// Block of the help.
pub const HELP_SCREEN: &str = "Sur cet écran";
/// Block of the help.
pub const HELP_EVERYWHERE: &str = "Partout";
/// Block of the help.
pub const HELP_LIST: &str = "Dans une liste";
/// Block of the help.
pub const HELP_TEXT: &str = "Dans un champ";
/// Block of the help.
pub const HELP_SIGNS: &str = "Signes";
/// A command without key.
pub const BY_PALETTE: &str = "Ctrl-P";
/// The signs, in words.
pub const SIGN_LINES: [&str; 4] = [
    "Identité : ○ provisoire   ◇ récupérée   □ validée   ◆ qualifiée",
    "Envoi : · prévu   … en cours   ✓ remis   ‖ retenu",
    "        ! à traiter   ? à vérifier   × annulé",
    "Résultat : H haut   B bas   HH, BB critiques",
];
/// Mark on the document to come.
pub const WILL_HOLD_SHORT: &str = "retenu par vous à la validation";
/// Mark on the document to come.
pub const WILL_HIDE_SHORT: &str = "invisible au patient jusqu'à l'annonce";
/// A return that contradicts.
pub const COMPARE_DOUBT: &str =
    "Une valeur contredit : revoir la pièce. F6 refuse ; Entrée demande confirmation.";
/// Somebody else validates.
pub const NO_RIGHT_TO_VALIDATE: &str = "La validation est à faire par une personne qui en a le droit.";
