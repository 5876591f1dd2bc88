//! A mail server on this machine that keeps what it is given, in clear and with a login.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The mail server; it serves until the test process ends.
pub(crate) struct MailServer {
    /// Its port on 127.0.0.1.
    pub(crate) port: u16,
    mails: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    /// Starts one.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails = Arc::<Mutex<Vec<String>>>::default();
        let kept = mails.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = kept.clone();
                // A connection that breaks off has nothing more to say.
                std::thread::spawn(move || talk(&stream, &kept).unwrap_or_default());
            }
        });
        Self { port, mails }
    }

    /// The mails so far, each with everything that was said to deliver it.
    pub(crate) fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }
}

fn talk(stream: &TcpStream, mails: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut writer = stream;
    let mut lines = BufReader::new(stream).lines();
    let mut said = String::new();
    writer.write_all(b"220 localhost\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        said += &format!("{line}\n");
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-localhost\r\n250 AUTH PLAIN",
            "AUTH" => "235 welcome",
            "DATA" => {
                writer.write_all(b"354 go on\r\n")?;
                while let Some(text) = lines.next().transpose()?.filter(|text| text != ".") {
                    said += &format!("{text}\n");
                }
                mails.lock().unwrap().push(std::mem::take(&mut said));
                "250 kept"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        writer.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}
