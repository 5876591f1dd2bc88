//! Shamir's scheme byte by byte over GF(2^8) with x^8+x^4+x^3+x^2+1 (crypto 4.6). No tables, no
//! branches on secrets.

use zeroize::Zeroizing;

const POLYNOMIAL: u16 = 0x11d;

/// Product of two field elements.
fn multiply(a: u8, b: u8) -> u8 {
    let (mut a, b) = (u16::from(a), u16::from(b));
    let mut product = 0;
    for bit in 0..8 {
        product ^= a & (b >> bit & 1).wrapping_neg();
        a = a << 1 ^ POLYNOMIAL & (a >> 7 & 1).wrapping_neg();
    }
    (product & 0xff) as u8
}

/// Inverse of a field element: a^254; 0 for 0.
fn invert(a: u8) -> u8 {
    (0..6).fold(multiply(a, a), |power, _| {
        let with = multiply(power, a);
        multiply(with, with)
    })
}

/// The share at `x` of a secret: `polynomials` holds, for each byte, its coefficients without the
/// constant one, which is the byte of the secret. Highest degree last.
pub(crate) fn evaluate(secret: &[u8], coefficients: &[Zeroizing<Vec<u8>>], x: u8) -> Zeroizing<Vec<u8>> {
    let mut share = Zeroizing::new(vec![0; secret.len()]);
    for of_degree in coefficients.iter().rev() {
        for (sum, coefficient) in share.iter_mut().zip(of_degree.iter()) {
            *sum = multiply(*sum ^ *coefficient, x);
        }
    }
    for (sum, byte) in share.iter_mut().zip(secret) {
        *sum ^= *byte;
    }
    share
}

/// The secret behind shares `(x, bytes)`: Lagrange interpolation at zero. `None` unless the x are
/// different and not zero and the lengths equal.
pub(crate) fn interpolate(shares: &[(u8, &[u8])]) -> Option<Zeroizing<Vec<u8>>> {
    let length = shares.first()?.1.len();
    let mut secret = Zeroizing::new(vec![0; length]);
    for (position, (x, bytes)) in shares.iter().enumerate() {
        if *x == 0 || bytes.len() != length {
            return None;
        }
        let mut weight = 1;
        for (other_position, (other, _)) in shares.iter().enumerate() {
            if other_position == position {
                continue;
            }
            if other == x {
                return None;
            }
            weight = multiply(weight, multiply(*other, invert(*x ^ *other)));
        }
        for (sum, byte) in secret.iter_mut().zip(bytes.iter()) {
            *sum ^= multiply(weight, *byte);
        }
    }
    Some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_laws() {
        assert_eq!(multiply(0x80, 2), 0x1d);
        for a in 1..=255_u8 {
            assert_eq!(multiply(a, invert(a)), 1, "{a}");
            assert_eq!(multiply(a, 1), a);
            assert_eq!(multiply(a, 0), 0);
        }
    }

    #[test]
    fn any_threshold_of_shares_gives_the_secret() {
        let secret = [0, 1, 200, 255];
        let coefficients = [Zeroizing::new(vec![9, 8, 7, 6]), Zeroizing::new(vec![1, 0, 250, 3])];
        let shares: Vec<_> = (1..=5).map(|x| (x, evaluate(&secret, &coefficients, x))).collect();
        let pick = |chosen: &[usize]| {
            let chosen: Vec<_> = chosen.iter().map(|at| (shares[*at].0, shares[*at].1.as_slice())).collect();
            interpolate(&chosen).unwrap()
        };
        assert_eq!(*pick(&[0, 1, 2]), secret);
        assert_eq!(*pick(&[4, 2, 0]), secret);
        assert_eq!(*pick(&[0, 1, 2, 3, 4]), secret);
        assert_ne!(*pick(&[0, 1]), secret);
        assert!(interpolate(&[]).is_none());
        assert!(interpolate(&[(1, &[1]), (1, &[2])]).is_none());
        assert!(interpolate(&[(1, &[1]), (2, &[2, 3])]).is_none());
        assert!(interpolate(&[(0, &[1])]).is_none());
    }
}
