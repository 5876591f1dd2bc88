//! Seals a file in pieces, without holding it in memory, and opens it in pieces.
//!
//! `cargo run -p keystead-crypto --example stream_an_attachment -- FILE`

use std::fs::File;
use std::io::{Read, Seek};

use keystead_crypto::attachment::{AttachmentOpener, AttachmentRef, AttachmentSealer, AttachmentTagger};
use keystead_crypto::provider::SystemRandom;
use keystead_crypto::secret::EntityKey;

const PIECE: usize = 64 * 1024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").to_owned());
    let mut file = File::open(path)?;
    let key = EntityKey::make(&SystemRandom::default());
    let attachment = AttachmentRef { document_id: "document-1", secondary: None };

    // first pass: the tag
    let mut tagger = AttachmentTagger::new(&key, attachment);
    in_pieces(&mut file, |piece| tagger.update(piece))?;

    // second pass: what is sent
    file.rewind()?;
    let mut sealer = AttachmentSealer::tagged(&key, attachment, tagger.finish())?;
    let mut sent = Vec::new(); // stands for the connection
    in_pieces(&mut file, |piece| sealer.update(piece, &mut sent))?;
    sealer.finish(&mut sent)?;

    // the receiver
    let mut opener = AttachmentOpener::new(&key, attachment);
    let mut content = Vec::new(); // stands for a temporary file
    for piece in sent.chunks(PIECE) {
        opener.update(piece, &mut content)?;
    }
    let status = opener.finish(&mut content)?;
    println!("{} bytes sent, {} bytes read, {status:?}", sent.len(), content.len());
    Ok(())
}

fn in_pieces(file: &mut File, mut take: impl FnMut(&[u8])) -> std::io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            return Ok(());
        }
        take(piece.get(..length).unwrap_or_default());
    }
}
