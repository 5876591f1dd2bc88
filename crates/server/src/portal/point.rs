//! Public keys as Portal writes them: both coordinates of the point, in decimal (portal 1.1). Public numbers, so nothing
//! here needs to take the same time whatever they are.

use keystead_model::wallet::Curve;
use num_bigint::BigUint;

/// Both coordinates of a public key: compressed SEC 1 on secp256k1, RFC 8032 on Ed25519. `None` for what is no point.
pub(super) fn affine(curve: Curve, key: &[u8]) -> Option<(String, String)> {
    let (x, y) = match curve {
        Curve::Secp256k1 => weierstrass(key)?,
        Curve::Ed25519 => edwards(key)?,
    };
    Some((x.to_string(), y.to_string()))
}

/// y² = x³ + 7, where p = 2²⁵⁶ − 2³² − 977 is 3 modulo 4.
fn weierstrass(key: &[u8]) -> Option<(BigUint, BigUint)> {
    let (&sign, x) = key.split_first().filter(|(sign, x)| matches!(sign, 2 | 3) && x.len() == 32)?;
    let p = (BigUint::from(1_u8) << 256_u32) - (BigUint::from(1_u8) << 32_u32) - 977_u32;
    let x = BigUint::from_bytes_be(x);
    let square = (x.modpow(&3_u8.into(), &p) + 7_u8) % &p;
    let y = square.modpow(&((&p + 1_u8) >> 2_u32), &p);
    if x >= p || &y * &y % &p != square {
        return None;
    }
    let y = if y.bit(0) == (sign == 3) { y } else { p - y };
    Some((x, y))
}

/// −x² + y² = 1 + d·x²·y², where p = 2²⁵⁵ − 19 is 5 modulo 8 and d = −121665/121666.
fn edwards(key: &[u8]) -> Option<(BigUint, BigUint)> {
    if key.len() != 32 {
        return None;
    }
    let one = BigUint::from(1_u8);
    let p = (&one << 255_u32) - 19_u8;
    let mut y = BigUint::from_bytes_le(key);
    let odd = y.bit(255);
    y.set_bit(255, false);
    let inverse = |n: &BigUint| n.modpow(&(&p - 2_u8), &p);
    let d = (&p - 121_665_u32) * inverse(&BigUint::from(121_666_u32)) % &p;
    let y2 = &y * &y % &p;
    let square = (&y2 + &p - &one) % &p * inverse(&((&d * &y2 + &one) % &p)) % &p;
    let mut x = square.modpow(&((&p + 3_u8) >> 3_u32), &p);
    if &x * &x % &p != square {
        x = x * BigUint::from(2_u8).modpow(&((&p - &one) >> 2_u32), &p) % &p;
    }
    if y >= p || &x * &x % &p != square || (x == BigUint::ZERO && odd) {
        return None;
    }
    let x = if x.bit(0) == odd { x } else { &p - x };
    Some((x, y))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The base points, as the standards print them (SEC 2; RFC 8032 5.1).
    #[test]
    fn the_base_points_have_the_coordinates_of_the_standards() {
        let g = hex::decode("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798").unwrap();
        let (x, y) = affine(Curve::Secp256k1, &g).unwrap();
        assert_eq!(x, "55066263022277343669578718895168534326250603453777594175500187360389116729240");
        assert_eq!(y, "32670510020758816978083085130507043184471273380659243275938904335757337482424");
        let b = hex::decode("5866666666666666666666666666666666666666666666666666666666666666").unwrap();
        let (x, y) = affine(Curve::Ed25519, &b).unwrap();
        assert_eq!(x, "15112221349535400772501151409588531511454012693041857206046113283949847762202");
        assert_eq!(y, "46316835694926478169428394003475163141307993866256225615783033603165251855960");
    }

    #[test]
    fn the_sign_of_a_key_chooses_the_other_point() {
        let mut key = hex::decode("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798").unwrap();
        let even = affine(Curve::Secp256k1, &key).unwrap();
        key[0] = 3;
        let odd = affine(Curve::Secp256k1, &key).unwrap();
        assert_eq!(even.0, odd.0);
        assert_ne!(even.1, odd.1);
        let mut key = hex::decode("5866666666666666666666666666666666666666666666666666666666666666").unwrap();
        let even = affine(Curve::Ed25519, &key).unwrap();
        key[31] |= 0x80;
        assert_ne!(even.0, affine(Curve::Ed25519, &key).unwrap().0);
    }

    #[test]
    fn what_is_no_point_has_no_coordinates() {
        for (curve, key) in [
            (Curve::Secp256k1, vec![]),
            (Curve::Secp256k1, vec![2; 32]),
            (Curve::Secp256k1, [vec![4], vec![1; 32]].concat()),
            (Curve::Secp256k1, [vec![2], vec![0xff; 32]].concat()),
            // 5³ + 7 is no square
            (Curve::Secp256k1, [vec![2], vec![0; 31], vec![5]].concat()),
            (Curve::Ed25519, vec![]),
            (Curve::Ed25519, vec![0xff; 32]),
            (Curve::Ed25519, [vec![2], vec![0; 31]].concat()),
        ] {
            assert_eq!(affine(curve, &key), None, "{curve:?} {}", hex::encode(&key));
        }
    }
}
