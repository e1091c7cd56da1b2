//! ebRIM 3.0 objects, read with the rules of `rim.xsd`: order of the children, required attributes,
//! one Slot of a name per object, ids never used twice.

use std::collections::{BTreeMap, HashSet};

use crate::xml::Element;

/// Namespace of the registry information model.
pub const RIM: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";
/// Namespace of the life cycle manager.
pub const LCM: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0";
const XML: &str = crate::xml::XML_NS;

/// A `Classification`.
#[derive(Debug, Default, Clone)]
pub struct Classification {
    /// `classificationScheme`, "" when absent.
    pub scheme: String,
    /// `classificationNode`, "" when absent.
    pub node: String,
    /// `nodeRepresentation`: the code, "" when absent.
    pub code: String,
    /// Slots.
    pub slots: BTreeMap<String, Vec<String>>,
    /// `Name`.
    pub name: Option<String>,
}

impl Classification {
    /// First value of a slot.
    pub fn slot(&self, name: &str) -> Option<&str> {
        self.slots.get(name).and_then(|v| v.first()).map(String::as_str)
    }
}

/// A `RegistryPackage` or an `ExtrinsicObject`.
#[derive(Debug, Default, Clone)]
pub struct Object {
    /// `id`.
    pub id: String,
    /// `mimeType`, "" when absent.
    pub mime_type: String,
    /// `objectType`, "" when absent.
    pub object_type: String,
    /// Slots.
    pub slots: BTreeMap<String, Vec<String>>,
    /// `Name`.
    pub name: Option<String>,
    /// Classifications in order.
    pub classifications: Vec<Classification>,
    /// External identifiers: scheme, value.
    pub identifiers: Vec<(String, String)>,
}

impl Object {
    /// First value of a slot.
    pub fn slot(&self, name: &str) -> Option<&str> {
        self.slots.get(name).and_then(|v| v.first()).map(String::as_str)
    }

    /// Classifications of a scheme.
    pub fn classified<'a>(&'a self, scheme: &'a str) -> impl Iterator<Item = &'a Classification> {
        self.classifications.iter().filter(move |c| c.scheme == scheme)
    }

    /// The value of the only identifier of a scheme.
    pub fn identifier(&self, scheme: &str) -> Option<&str> {
        let mut found = self.identifiers.iter().filter(|(s, _)| s == scheme);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value.as_str())
    }
}

/// An `Association`.
#[derive(Debug, Default, Clone)]
pub struct Association {
    /// `associationType`.
    pub kind: String,
    /// `sourceObject`.
    pub source: String,
    /// `targetObject`.
    pub target: String,
    /// Slots.
    pub slots: BTreeMap<String, Vec<String>>,
}

/// A `RegistryObjectList`.
#[derive(Debug, Default, Clone)]
pub struct Objects {
    /// Packages.
    pub packages: Vec<Object>,
    /// Entries.
    pub entries: Vec<Object>,
    /// Associations.
    pub associations: Vec<Association>,
}

/// How strictly attributes that point to the owner are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rigour {
    /// As `rim.xsd` says.
    Schema,
    /// `classifiedObject` and `registryObject` may be missing, as in the official TD3.3 samples.
    Samples,
}

struct Reader {
    rigour: Rigour,
    ids: HashSet<String>,
    errors: Vec<String>,
}

/// Reads the list of a `SubmitObjectsRequest`.
///
/// # Errors
/// Every departure from the schema, in words naming the element.
pub fn read(request: &Element, rigour: Rigour) -> Result<Objects, Vec<String>> {
    let mut r = Reader { rigour, ids: HashSet::new(), errors: Vec::new() };
    let mut objects = Objects::default();
    if !request.is(LCM, "SubmitObjectsRequest") {
        return Err(vec![format!("{} à la place de SubmitObjectsRequest", request.local)]);
    }
    let Some(list) = request.child(RIM, "RegistryObjectList") else {
        return Err(vec!["RegistryObjectList absent de SubmitObjectsRequest".into()]);
    };
    if request.elements().count() != 1 {
        r.errors.push("SubmitObjectsRequest ne doit contenir que RegistryObjectList".into());
    }
    for e in list.elements() {
        match (e.ns.as_str(), e.local.as_str()) {
            (RIM, "RegistryPackage") => {
                let object = r.object(e);
                objects.packages.push(object);
            }
            (RIM, "ExtrinsicObject") => {
                let object = r.object(e);
                objects.entries.push(object);
            }
            (RIM, "Association") => {
                let association = r.association(e);
                objects.associations.push(association);
            }
            _ => r.errors.push(format!("{} inattendu dans RegistryObjectList", e.local)),
        }
    }
    if r.errors.is_empty() { Ok(objects) } else { Err(r.errors) }
}

impl Reader {
    fn required(&mut self, e: &Element, name: &str) -> String {
        match e.attr(name) {
            Some(v) if !v.is_empty() => v.to_owned(),
            _ => {
                self.errors.push(format!("{}/@{name} absent", e.local));
                String::new()
            }
        }
    }

    fn id(&mut self, e: &Element) -> String {
        let id = self.required(e, "id");
        if !id.is_empty() && !self.ids.insert(id.clone()) {
            self.errors.push(format!("identifiant « {id} » utilisé deux fois"));
        }
        id
    }

    /// Slot*, Name?, Description?, VersionInfo?, Classification*, ExternalIdentifier*, ContentVersionInfo?
    fn order(&mut self, e: &Element) {
        const ORDER: [(&str, bool); 7] = [
            ("Slot", true),
            ("Name", false),
            ("Description", false),
            ("VersionInfo", false),
            ("Classification", true),
            ("ExternalIdentifier", true),
            ("ContentVersionInfo", false),
        ];
        let mut at = 0;
        for child in e.elements() {
            let rank = ORDER.iter().position(|(name, _)| child.is(RIM, name));
            match rank {
                Some(rank) if rank >= at => {
                    let repeatable = ORDER.get(rank).is_some_and(|(_, many)| *many);
                    at = if repeatable { rank } else { rank + 1 };
                }
                _ => self.errors.push(format!(
                    "{} inattendu dans {} (inconnu, répété ou mal placé)",
                    child.local, e.local
                )),
            }
        }
    }

    fn slots(&mut self, e: &Element) -> BTreeMap<String, Vec<String>> {
        let mut slots = BTreeMap::new();
        for slot in e.named(RIM, "Slot") {
            let name = self.required(slot, "name");
            let lists: Vec<&Element> = slot.elements().collect();
            let values = match lists.as_slice() {
                [list] if list.is(RIM, "ValueList") => {
                    if list.elements().any(|v| !v.is(RIM, "Value")) {
                        self.errors.push(format!("ValueList du Slot {name} : élément inattendu"));
                    }
                    list.named(RIM, "Value").map(|v| v.text().trim().to_owned()).collect()
                }
                _ => {
                    self.errors.push(format!("Slot {name} : exactement un ValueList attendu"));
                    Vec::new()
                }
            };
            if slots.insert(name.clone(), values).is_some() {
                self.errors.push(format!("Slot {name} répété dans {}", e.local));
            }
        }
        slots
    }

    fn name(&mut self, e: &Element) -> Option<String> {
        let name = e.child(RIM, "Name")?;
        let text = name.child(RIM, "LocalizedString");
        if let Some(lang) = text.and_then(|t| t.attr_ns(XML, "lang"))
            && lang.is_empty()
        {
            self.errors.push(format!("Name/LocalizedString/@xml:lang vide dans {}", e.local));
        }
        let value = text.and_then(|t| t.attr("value")).map(str::to_owned);
        if value.is_none() {
            self.errors.push(format!("Name/LocalizedString/@value absent dans {}", e.local));
        }
        value
    }

    fn owner(&mut self, e: &Element, attribute: &str, owner: &str) {
        match e.attr(attribute) {
            Some(v) if v == owner => {}
            None if self.rigour == Rigour::Samples => {}
            _ => self.errors.push(format!("{}/@{attribute} doit être « {owner} »", e.local)),
        }
    }

    fn object(&mut self, e: &Element) -> Object {
        self.order(e);
        let id = self.id(e);
        let mut object = Object {
            mime_type: e.attr("mimeType").unwrap_or_default().to_owned(),
            object_type: e.attr("objectType").unwrap_or_default().to_owned(),
            slots: self.slots(e),
            name: self.name(e),
            ..Object::default()
        };
        for c in e.named(RIM, "Classification") {
            self.order(c);
            self.id(c);
            self.owner(c, "classifiedObject", &id);
            object.classifications.push(Classification {
                scheme: c.attr("classificationScheme").unwrap_or_default().to_owned(),
                node: c.attr("classificationNode").unwrap_or_default().to_owned(),
                code: c.attr("nodeRepresentation").unwrap_or_default().to_owned(),
                slots: self.slots(c),
                name: self.name(c),
            });
        }
        for x in e.named(RIM, "ExternalIdentifier") {
            self.order(x);
            self.id(x);
            self.owner(x, "registryObject", &id);
            let pair = (self.required(x, "identificationScheme"), self.required(x, "value"));
            object.identifiers.push(pair);
        }
        object.id = id;
        object
    }

    fn association(&mut self, e: &Element) -> Association {
        self.order(e);
        self.id(e);
        Association {
            kind: self.required(e, "associationType"),
            source: self.required(e, "sourceObject"),
            target: self.required(e, "targetObject"),
            slots: self.slots(e),
        }
    }
}
