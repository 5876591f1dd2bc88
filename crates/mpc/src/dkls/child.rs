//! Children of a key: BIP-32, not hardened, at no cost and without a message.

use dkls23_core::protocols::Party;
use dkls23_core::protocols::derivation::DerivData;
use zeroize::Zeroizing;

use super::{Secp, curve};
use crate::error::MpcError;
use crate::half::PairCommitments;
use crate::secret::SecretScalar;

/// The longest path.
const MAX_DEPTH: usize = 32;

const NO_CHILD: MpcError = MpcError::Request("no child key at this path");

/// The public key of the child at `path`, which is empty for the key itself. All pairs of a wallet have the
/// same children.
///
/// # Errors
/// [`MpcError::Request`]: a hardened index, too long a path, or a key without chain code.
pub fn derive_public(commitments: &PairCommitments, path: &[u32]) -> Result<Vec<u8>, MpcError> {
    let chain_code = *commitments.chain_code().ok_or(NO_CHILD)?;
    let pk = curve::point(commitments.public_key()).ok_or(NO_CHILD)?;
    // the derivation of shares and of keys is one; without a secret, zero will do
    let data = DerivData {
        depth: 0,
        child_number: 0,
        parent_fingerprint: [0; 4],
        poly_point: k256::Scalar::ZERO,
        pk,
        chain_code,
    };
    Ok(curve::bytes_of(&derive(data, path)?.pk))
}

/// The private key of the child at `path`.
pub(crate) fn derive_secret(
    commitments: &PairCommitments,
    secret: &SecretScalar,
    path: &[u32],
) -> Result<SecretScalar, MpcError> {
    let chain_code = *commitments.chain_code().ok_or(NO_CHILD)?;
    let pk = curve::point(commitments.public_key()).ok_or(NO_CHILD)?;
    let poly_point: Zeroizing<k256::Scalar> = curve::scalar(secret.expose()).ok_or(NO_CHILD)?;
    let data =
        DerivData { depth: 0, child_number: 0, parent_fingerprint: [0; 4], poly_point: *poly_point, pk, chain_code };
    Ok(curve::secret_of(&derive(data, path)?.poly_point))
}

/// The party that signs for the child at `path`.
pub(super) fn child(party: Party<Secp>, path: &[u32]) -> Result<Party<Secp>, MpcError> {
    if path.is_empty() {
        return Ok(party);
    }
    let mut party = party;
    let data = derive(party.derivation_data.clone(), path)?;
    party.poly_point = data.poly_point;
    party.pk = data.pk;
    party.derivation_data = data;
    Ok(party)
}

fn derive(mut data: DerivData<Secp>, path: &[u32]) -> Result<DerivData<Secp>, MpcError> {
    if path.len() > MAX_DEPTH {
        return Err(NO_CHILD);
    }
    for index in path {
        data = data.derive_child(*index).map_err(|_| NO_CHILD)?;
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chain code and key of an extended public key, whose checksum is right.
    fn extended(text: &str) -> ([u8; 32], Vec<u8>) {
        use sha2::{Digest, Sha256};
        let bytes = bs58::decode(text).into_vec().unwrap();
        let (content, checksum) = bytes.split_at(78);
        assert_eq!(&Sha256::digest(Sha256::digest(content))[..4], checksum);
        (content[13..45].try_into().unwrap(), content[45..].to_vec())
    }

    /// Test vector 2 of BIP-32, of which the first step is not hardened.
    #[test]
    fn children_are_those_of_bip_32() {
        let (chain_code, key) = extended(
            "xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB",
        );
        let (child_code, child_key) = extended(
            "xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH",
        );
        let data = DerivData {
            depth: 0,
            child_number: 0,
            parent_fingerprint: [0; 4],
            poly_point: k256::Scalar::ZERO,
            pk: curve::point(&key).unwrap(),
            chain_code,
        };
        let child = derive(data.clone(), &[0]).unwrap();
        assert_eq!((child.chain_code, curve::bytes_of(&child.pk)), (child_code, child_key));
        assert!(derive(data.clone(), &[0x8000_0000]).is_err());
        assert!(derive(data, &[0; MAX_DEPTH + 1]).is_err());
    }
}
