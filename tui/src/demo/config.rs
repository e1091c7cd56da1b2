//! Configuration of the daemon for a demonstration, written from what the simulators say of themselves.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where analysers send before the daemon took an address: any free port.
pub const ANY_PORT: &str = "127.0.0.1:0";

/// What the simulators must know of this laboratory: its authorisation number and the domains of its mail.
pub const SIMULATORS: [&str; 6] =
    ["--idam", "DEMO000001", "--domain", "demo.mssante.fr", "--domain", "medecin.demo.mssante.fr"];

/// First line of `paillasse-sim`.
#[derive(Debug, Deserialize)]
pub struct Simulators {
    /// Address of INSi.
    pub insi: String,
    /// Address of the DMP.
    pub dmp: String,
    /// MSSanté operator.
    pub smtp: Smtp,
    /// Control socket.
    pub control: PathBuf,
    /// Folder of what was received.
    pub received: PathBuf,
    /// Certificates.
    pub certs: Certificates,
}

/// Where mail goes.
#[derive(Debug, Deserialize)]
pub struct Smtp {
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// PEM files of the test authority.
#[derive(Debug, Deserialize)]
pub struct Certificates {
    /// Root.
    pub ca: PathBuf,
    /// INSi, called by a person.
    pub insi_manu: PathBuf,
    /// INSi, called by itself.
    pub insi_auto: PathBuf,
    /// DMP, authentication.
    pub dmp_auth: PathBuf,
    /// DMP, signature of lots.
    pub dmp_sign: PathBuf,
    /// MSSanté, applicative mailbox.
    pub mss_app: PathBuf,
}

/// A TOML string.
fn q(text: impl Into<String>) -> String {
    toml::Value::String(text.into()).to_string()
}

fn path(p: &Path) -> String {
    q(p.to_string_lossy())
}

/// The whole file. Everybody and everything named here is fictitious.
pub fn text(dir: &Path, socket: &Path, sim: &Simulators) -> String {
    let certs = &sim.certs;
    let dmp = if sim.dmp.ends_with("/services") { sim.dmp.clone() } else { format!("{}/services", sim.dmp) };
    format!(
        r#"# Démonstration : tout est fictif, les services sont simulés sur cette machine.
[daemon]
database = {database}
socket = {socket}
training = true

[laboratory]
name = "LBM du Port"
site = "Quai 2"
# That of the simulators' certificates: the DMP takes a lot from its own structure only.
finess = "0B0152872"
phone = "0472000000"
address = "2 quai du Port"
postal_code = "69002"
city = "LYON"
oid_root = "1.2.250.1.999.1"

[[users]]
login = "demo"
name = "N. Martin"
uid = {uid}
profiles = ["accueil", "technicien", "biologiste", "identitovigilance", "administrateur"]
rpps = "10000000001"
family = "MARTIN"
given = "Nadia"

# The same system account may act for these with --login, to see what each profile may do.
[[users]]
login = "accueil"
name = "C. Simon"
uid = {uid}
profiles = ["accueil"]

[[users]]
login = "technicien"
name = "T. Roux"
uid = {uid}
profiles = ["technicien"]

[[users]]
login = "biologiste"
name = "A. Diallo"
uid = {uid}
profiles = ["biologiste"]
rpps = "10000000002"
family = "DIALLO"
given = "Awa"

[[users]]
login = "admin"
name = "P. Leroy"
uid = {uid}
profiles = ["administrateur"]

[insi]
url = {insi}
roots = {ca}
manu = {manu}
auto = {auto}
idam = "DEMO000001"
accepted_oids = ["1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9", "1.2.250.1.213.1.4.10"]

[dmp]
url = {dmp}
roots = {ca}
auth = {auth}
sign = {sign}
homologation = "DEMO-0001"

[mss]
host = {host}
port = {port}
roots = {ca}
identity = {app}
address = "lbm.port@demo.mssante.fr"
label = "LBM du Port"
reply_to = "secretariat.port@demo.mssante.fr"
nil = "DEMO-NIL-0001"

[mllp]
listen = "{any}"

[outbox]
backoff_seconds = [2, 5, 15, 60]
lease_seconds = 120
# The simulators bear more than the national services do: the demonstration is filled in a few seconds.
concurrency = 8
rate = 100
"#,
        any = ANY_PORT,
        database = path(&dir.join("paillasse.db")),
        socket = path(socket),
        uid = rustix::process::getuid().as_raw(),
        insi = q(&sim.insi),
        ca = path(&certs.ca),
        manu = path(&certs.insi_manu),
        auto = path(&certs.insi_auto),
        dmp = q(dmp),
        auth = path(&certs.dmp_auth),
        sign = path(&certs.dmp_sign),
        host = q(&sim.smtp.host),
        port = sim.smtp.port,
        app = path(&certs.mss_app),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_toml_whatever_the_folder_is_called() {
        let sim: Simulators = serde_json::from_value(serde_json::json!({
            "insi": "https://localhost:1/insi", "dmp": "https://localhost:2/si-dmp-server/v2",
            "smtp": {"host": "localhost", "port": 3}, "control": "/c", "received": "/r",
            "certs": {"ca": "/ca.pem", "insi_manu": "/a", "insi_auto": "/b", "dmp_auth": "/c", "dmp_sign": "/d", "mss_app": "/e"}
        }))
        .unwrap();
        let dir = Path::new("/tmp/l'« essai » \"1\" \\");
        let read: toml::Table = text(dir, &dir.join("paillasse.sock"), &sim).parse().unwrap();
        assert_eq!(read["daemon"]["socket"].as_str(), dir.join("paillasse.sock").to_str());
        assert_eq!(read["dmp"]["url"].as_str(), Some("https://localhost:2/si-dmp-server/v2/services"));
        assert_eq!(read["mss"]["port"].as_integer(), Some(3));
    }
}
