//! From a dossier to the frozen [`Report`] that the document writers take. Pure: everything comes in as parameters.

use jiff::Timestamp;
use paillasse_shared::domain::catalogue::Analysis;
use paillasse_shared::domain::dossier::CorrespondentRole;
use paillasse_shared::domain::identity::Status;
use paillasse_shared::domain::report::{
    Address, AnalysisCode, Author, Block, Chapter, Coded, Comment, Confidentiality, Encounter, EncounterKind,
    Identifier, Interpretation, Laboratory, Moment, OID_LOINC, OID_TECHNIQUES, Organization, Outcome,
    Patient as ReportPatient, Prescriber, PreviousResult, Professional, ProfessionalTitle, QualifiedIns,
    Recipient, ReferenceRange, Report, ReportStatus, ReportedValue, ResultItem, Specimen, SubChapter,
    Telecom, TelecomKind, Unit, Validation,
};
use paillasse_shared::domain::result::{Flag, ResultValue};
use paillasse_shared::protocol::dossier::Correspondent;

use crate::catalogue::Catalogue;
use crate::config::{Config, User};
use crate::store::dossiers::{DossierFull, StoredResult};
use crate::store::patients::Patient;

/// Profession of a biologist whose own is not configured: Médecin, biologie médicale.
const BIOLOGIST: &str = "G15_10/SM03";

/// Branch of our arc for the numbers that other laboratories give, one arc each: their own arc is not told to us with a
/// request, and an OID is needed to tell their numbers apart.
const REQUESTERS: &str = "10";

/// What the assembly needs beside the dossier.
pub struct Setting<'a> {
    /// Configuration.
    pub config: &'a Config,
    /// Catalogue.
    pub catalogue: &'a Catalogue,
    /// Label of the place of birth.
    pub birth_place_label: Option<String>,
    /// Who validates.
    pub biologist: &'a User,
    /// Now.
    pub now: Timestamp,
    /// Time zone of the laboratory.
    pub zone: &'a jiff::tz::TimeZone,
    /// OID of this version.
    pub unique_id: String,
    /// OID of the version replaced, with its number.
    pub replaces: Option<(String, u32)>,
    /// Everything of the dossier is in it.
    pub is_final: bool,
}

impl Setting<'_> {
    fn moment(&self, at: Timestamp) -> Moment {
        Moment::from_zoned(&at.to_zoned(self.zone.clone()))
    }

    fn id(&self, branch: &str, extension: String) -> Identifier {
        Identifier { root: format!("{}.{branch}", self.config.laboratory.oid_root), extension }
    }
}

/// OID of the set of versions of a dossier's report.
#[must_use]
pub fn set_id(config: &Config, full: &DossierFull) -> String {
    format!("{}.2.{}", config.laboratory.oid_root, full.dossier.id.0)
}

fn phone(number: &str) -> Telecom {
    Telecom { kind: TelecomKind::Phone, value: number.to_owned() }
}

fn laboratory_address(config: &Config) -> Address {
    let l = &config.laboratory;
    Address { lines: vec![l.address.clone()], postal_code: l.postal_code.clone(), city: l.city.clone() }
}

fn biologist(config: &Config, user: &User) -> Professional {
    Professional {
        national_id: user.rpps.as_ref().map(|r| format!("8{r}")),
        civility: None,
        title: Some(ProfessionalTitle::Doctor),
        family: if user.family.is_empty() { user.name.clone() } else { user.family.clone() },
        given: Some(user.given.clone()).filter(|g| !g.is_empty()),
        profession: Some(user.profession.clone().unwrap_or_else(|| BIOLOGIST.to_owned())),
        address: Some(laboratory_address(config)),
        telecoms: vec![phone(&config.laboratory.phone)],
        organization: None,
    }
}

fn professional(c: &Correspondent) -> Professional {
    let f = &c.facts;
    Professional {
        national_id: f.rpps.as_ref().filter(|r| !r.is_empty()).map(|r| format!("8{r}")),
        civility: None,
        title: match f.title.as_deref() {
            Some("DR") => Some(ProfessionalTitle::Doctor),
            Some("PR") => Some(ProfessionalTitle::Professor),
            _ => None,
        },
        family: f.family.clone(),
        given: Some(f.given.clone()).filter(|g| !g.is_empty()),
        profession: f.profession.clone(),
        address: None,
        telecoms: f
            .mss_address
            .iter()
            .filter(|a| !a.trim().is_empty())
            .map(|a| Telecom { kind: TelecomKind::Mssante, value: a.clone() })
            .collect(),
        organization: None,
    }
}

/// The patient block: the INS only when the identity is qualified (INS-17).
#[must_use]
pub fn patient(config: &Config, p: &Patient, birth_place_label: Option<String>) -> ReportPatient {
    let qualified = p.status() == Status::Qualifiee;
    ReportPatient {
        traits: p.traits.clone(),
        used: p.used.clone(),
        birth_place_label,
        ins: p
            .ins
            .as_ref()
            .filter(|_| qualified)
            .map(|i| QualifiedIns { matricule: i.matricule.clone(), oid: i.oid }),
        local_id: Identifier {
            root: format!("{}.3", config.laboratory.oid_root),
            extension: p.id.to_string(),
        },
        address: None,
        telecoms: p.phone.iter().map(|n| phone(n)).collect(),
    }
}

fn interpretation(flag: Flag) -> Interpretation {
    match flag {
        Flag::LL => Interpretation::LL,
        Flag::L => Interpretation::L,
        Flag::N => Interpretation::N,
        Flag::H => Interpretation::H,
        Flag::HH => Interpretation::HH,
        Flag::A => Interpretation::A,
        Flag::AA => Interpretation::AA,
    }
}

fn value(v: &ResultValue, analysis: Option<&Analysis>) -> ReportedValue {
    let unit = analysis.and_then(|a| {
        a.ucum
            .as_ref()
            .map(|ucum| Unit { display: a.unit.clone().unwrap_or_else(|| ucum.clone()), ucum: ucum.clone() })
    });
    match v {
        ResultValue::Numeric { comparator, value } => {
            ReportedValue::Numeric { comparator: *comparator, value: value.clone(), unit }
        }
        ResultValue::Coded { code, system, label } => ReportedValue::Coded {
            code: Coded {
                code: code.clone(),
                system: system.clone(),
                system_name: None,
                label: label.clone(),
            },
            text: label.clone(),
        },
        ResultValue::Text { text } => ReportedValue::Text(text.clone()),
        ResultValue::Ratio { numerator, denominator } => {
            ReportedValue::Titre { numerator: numerator.clone(), denominator: denominator.clone() }
        }
    }
}

fn loinc(code: &str, label: &str) -> Coded {
    Coded {
        code: code.to_owned(),
        system: OID_LOINC.to_owned(),
        system_name: Some("LOINC".to_owned()),
        label: label.to_owned(),
    }
}

fn code_of(s: &Setting<'_>, r: &StoredResult, analysis: Option<&Analysis>) -> AnalysisCode {
    let label = analysis.map_or(r.analysis.as_str(), |a| a.label.as_str());
    let mapped =
        analysis.and_then(|a| a.loinc.as_ref().map(|l| loinc(l, a.loinc_label.as_deref().unwrap_or(label))));
    AnalysisCode {
        // A local code stands alone when no LOINC code is known; beside LOINC it would be noise.
        local: mapped.is_none().then(|| Coded {
            code: r.analysis.clone(),
            system: format!("{}.5", s.config.laboratory.oid_root),
            system_name: None,
            label: label.to_owned(),
        }),
        loinc: mapped,
    }
}

fn item(s: &Setting<'_>, full: &DossierFull, r: &StoredResult, included: bool) -> ResultItem {
    let analysis = s.catalogue.analysis(&r.analysis);
    let today = s.now.to_zoned(s.zone.clone()).date();
    let age = full.patient.traits.birth_date.age(today);
    let interval = analysis.and_then(|a| a.reference_for(full.patient.traits.sex, age));
    let outcome = match (&r.value, r.state) {
        (_, paillasse_shared::domain::result::ResultState::Cancelled) => Outcome::NotDone(r.comment.clone()),
        (Some(v), _) if included => Outcome::Done(value(v, analysis)),
        _ => Outcome::Pending,
    };
    let done = matches!(outcome, Outcome::Done(_));
    let not_done = matches!(outcome, Outcome::NotDone(_));
    ResultItem {
        code: code_of(s, r, analysis),
        label: analysis.map_or_else(|| r.analysis.clone(), |a| a.label.clone()),
        outcome,
        at: r.obtained_at.filter(|_| done).map(|t| s.moment(t)),
        interpretation: r.flag.filter(|_| done).map(interpretation),
        technique: analysis.and_then(|a| a.technique.as_ref()).filter(|_| done).map(|t| Coded {
            code: t.code.clone(),
            system: OID_TECHNIQUES.to_owned(),
            system_name: None,
            label: t.label.clone(),
        }),
        method: analysis.and_then(|a| a.method.clone()).filter(|_| done),
        reference: interval.filter(|_| done).map(|i| ReferenceRange {
            low: i.low.clone(),
            high: i.high.clone(),
            ..ReferenceRange::default()
        }),
        other_references: vec![],
        accredited: analysis.is_some_and(|a| a.accredited),
        previous: if done {
            r.previous
                .iter()
                .map(|p| PreviousResult {
                    value: value(&p.value, analysis),
                    at: s.moment(p.at),
                    interpretation: p.flag.map(interpretation),
                })
                .collect()
        } else {
            vec![]
        },
        second: None,
        comments: r
            .comment
            .iter()
            .filter(|c| !not_done && !c.trim().is_empty())
            .map(|c| Comment { title: None, text: c.clone() })
            .collect(),
    }
}

/// Results of one chapter, cut into sub-chapters where the catalogue says so.
fn sub_chapters(
    s: &Setting<'_>,
    full: &DossierFull,
    results: &[(&StoredResult, bool)],
    validation: &Validation,
) -> Vec<SubChapter> {
    let mut subs: Vec<(Option<&paillasse_shared::domain::catalogue::Group>, SubChapter)> = Vec::new();
    for (r, included) in results {
        let analysis = s.catalogue.analysis(&r.analysis);
        let group = analysis.and_then(|a| a.group.as_ref());
        let block = Block::Result(item(s, full, r, *included));
        let tube = analysis
            .and_then(|a| full.specimens.iter().find(|(_, kind)| *kind == a.specimen))
            .map(|(id, _)| id.clone());
        if !subs.iter().any(|(g, _)| *g == group) {
            let new = SubChapter {
                code: group.map(|g| loinc(&g.code, &g.title)),
                title: group.map(|g| g.title.clone()),
                specimens: vec![],
                blocks: vec![],
                comments: vec![],
                subcontractor: None,
                validation: Some(validation.clone()),
            };
            subs.push((group, new));
        }
        if let Some((_, sub)) = subs.iter_mut().find(|(g, _)| *g == group) {
            sub.blocks.push(block);
            if let Some(tube) = tube.filter(|t| !sub.specimens.contains(t)) {
                sub.specimens.push(tube);
            }
        }
    }
    subs.into_iter().map(|(_, sub)| sub).collect()
}

/// Those who receive the report: the correspondents, or the laboratory that asked and nobody else (SUB-09).
fn recipients(full: &DossierFull) -> Vec<Recipient> {
    let Some((lab, _)) = &full.requester else {
        let people = full.correspondents.iter();
        return people
            .map(|(_, c)| Recipient { person: Some(professional(c)), organization: None })
            .collect();
    };
    let organization = Organization {
        national_id: None,
        name: lab.facts.family.clone(),
        address: None,
        telecoms: professional(lab).telecoms,
        practice_setting: None,
    };
    vec![Recipient { person: None, organization: Some(organization) }]
}

/// Assembles the report of a dossier. `included` are the results whose value is shown; the others are pending.
#[must_use]
pub fn assemble(s: &Setting<'_>, full: &DossierFull, included: &[&StoredResult]) -> Report {
    let lab = &s.config.laboratory;
    let responsible = biologist(s.config, s.biologist);
    let validation = Validation { biologist: responsible.clone(), at: s.moment(s.now) };
    let is_included = |r: &StoredResult| included.iter().any(|i| i.id == r.id) || r.validated.is_some();

    let mut chapters: Vec<(u16, Chapter)> = Vec::new();
    for chapter in s.catalogue.chapters() {
        let mut results: Vec<(u16, (&StoredResult, bool))> = full
            .results
            .iter()
            .filter_map(|r| {
                let a = s.catalogue.analysis(&r.analysis)?;
                (a.chapter == chapter.code).then(|| (a.rank, (r, is_included(r))))
            })
            .collect();
        if results.is_empty() {
            continue;
        }
        results.sort_by_key(|(rank, _)| *rank);
        let results: Vec<(&StoredResult, bool)> = results.into_iter().map(|(_, r)| r).collect();
        chapters.push((
            chapter.rank,
            Chapter {
                code: loinc(&chapter.code, &chapter.title),
                title: None,
                sub_chapters: sub_chapters(s, full, &results, &validation),
                comments: vec![],
            },
        ));
    }
    chapters.sort_by_key(|(rank, _)| *rank);

    let with_role =
        |role: CorrespondentRole| full.correspondents.iter().find(|(r, _)| *r == role).map(|(_, c)| c);
    let prescribed_at = full
        .dossier
        .prescribed_on
        .parse::<jiff::civil::Date>()
        .ok()
        .and_then(|d| d.to_zoned(s.zone.clone()).ok())
        .map(|z| Moment::from_zoned(&z));
    let director = s.config.director().map_or_else(|| responsible.clone(), |d| biologist(s.config, d));
    Report {
        id: s.unique_id.clone(),
        set_id: set_id(s.config, full),
        version: s.replaces.as_ref().map_or(1, |(_, v)| v + 1),
        replaces: s.replaces.as_ref().map(|(id, _)| id.clone()),
        created_at: s.moment(s.now),
        service_start: s.moment(full.dossier.sampled_at),
        service_end: s.moment(s.now),
        status: if s.is_final { ReportStatus::Final } else { ReportStatus::Partial },
        confidentiality: Confidentiality::Normal,
        training: s.config.daemon.training,
        patient: patient(s.config, &full.patient, s.birth_place_label.clone()),
        laboratory: Laboratory {
            name: lab.name.clone(),
            finess: lab.finess.clone(),
            address: laboratory_address(s.config),
            telecoms: vec![phone(&lab.phone)],
            cofrac: lab.cofrac.clone(),
            practice_setting: "AMBULATOIRE".into(),
            facility_type: "SA25".into(),
        },
        author: Author::Person(Box::new(responsible.clone())),
        director,
        responsible,
        signed_at: s.moment(s.now),
        validations: vec![validation],
        prescriber: with_role(CorrespondentRole::Prescriber)
            .map(|c| Prescriber { professional: professional(c), prescribed_at }),
        sampler: None,
        attending_physician: with_role(CorrespondentRole::AttendingPhysician).map(professional),
        recipients: recipients(full),
        request: s.id("4", full.dossier.number.clone()),
        prescriptions: full
            .requester
            .iter()
            .map(|(lab, number)| s.id(&format!("{REQUESTERS}.{}", lab.id), number.clone()))
            .collect(),
        encounter: Encounter { kind: Some(EncounterKind::Ambulatory), ..Encounter::default() },
        specimens: full
            .specimens
            .iter()
            .map(|(id, kind)| Specimen {
                id: s.id("6", id.clone()),
                kind: Coded {
                    code: kind.code.clone(),
                    system: kind.system.clone(),
                    system_name: None,
                    label: kind.label.clone(),
                },
                sampled_at: Some(s.moment(full.dossier.sampled_at)),
                received_at: Some(s.moment(full.dossier.opened_at.max(full.dossier.sampled_at))),
                act: None,
                site: None,
                sampler: None,
            })
            .collect(),
        chapters: chapters.into_iter().map(|(_, c)| c).collect(),
        comments: vec![],
        notice: s.config.reports.notice.clone(),
        // No rule validates without a biologist here; when one does, its sentence goes here (LAB-09).
        automatic_validation: None,
        second_intention: None,
        display: s.config.reports.display(),
    }
}
