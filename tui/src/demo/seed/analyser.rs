//! Two messages of analysers that do not find their place: the tube of another laboratory, and a message that lost its beginning.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use jiff::Timestamp;

/// How long the daemon may take to acknowledge.
const LIMIT: Duration = Duration::from_secs(10);
/// End of a message on the line.
const END: [u8; 2] = [0x1c, b'\r'];

/// Sends both to `address` (`host:port`).
///
/// # Errors
/// The line cannot be opened or breaks.
pub fn send_strays(address: &str, now: Timestamp) -> io::Result<()> {
    let at = now.strftime("%Y%m%d%H%M%S");
    let stray = format!(
        "MSH|^~\\&|COBAS-1|LABO|PAILLASSE|LBM|{at}||ORU^R01^ORU_R01|DEMO-1|P|2.5.1|||||FRA|UNICODE UTF-8\r\
         PID|1\rOBR|1||9900000001|IONO^Ionogramme\r\
         OBX|1|NM|2823-3^Potassium^LN||4.3|mmol/L|||||F|||{at}\rOBX|2|NM|2951-2^Sodium^LN||141|mmol/L|||||F|||{at}\r"
    );
    let cut =
        format!("1||9900000002|IONO^Ionogramme\rOBX|1|NM|2823-3^Potassium^LN||4.3|mmol/L|||||F|||{at}\r");
    let mut line = TcpStream::connect(address)?;
    line.set_read_timeout(Some(LIMIT))?;
    for message in [stray, cut] {
        line.write_all(&[&[0x0b], message.as_bytes(), &END].concat())?;
        acknowledged(&mut line)?;
    }
    Ok(())
}

/// Waits for an acknowledgement; which one does not matter here.
fn acknowledged(line: &mut TcpStream) -> io::Result<()> {
    let mut last = [0; 2];
    while last != END {
        let mut byte = [0; 1];
        line.read_exact(&mut byte)?;
        last = [last[1], byte[0]];
    }
    Ok(())
}
