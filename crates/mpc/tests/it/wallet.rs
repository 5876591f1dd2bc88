//! Both curves in one session.

use keystead_mpc::{
    BackupHalf, MAX_MESSAGE, MpcError, SigningHalf, WalletHalves, back_up_wallet, create_wallet, recover_wallet,
    renew_wallet,
};

use crate::drive::{Two, assert_signs, fresh, request, run, run_with, sign};

#[test]
fn a_wallet_is_created_backed_up_and_recovered() {
    let params = fresh(1);
    let (client, server, transcript) =
        run_with(create_wallet(&params.client).unwrap(), create_wallet(&params.server).unwrap(), |_, _| ()).unwrap();
    assert_eq!(transcript.messages.len(), 10);
    let (up, down) = transcript.bytes();
    assert!(up < 250_000 && down < 250_000, "{up} {down}");
    assert!(transcript.messages.iter().all(|message| message.len() < MAX_MESSAGE));
    assert_signs(Two { client: &client.secp256k1.signing, server: &server.secp256k1.signing });
    assert_signs(Two { client: &client.ed25519.signing, server: &server.ed25519.signing });

    // a second backup method
    let params = fresh(1);
    fn signing(wallet: &keystead_mpc::NewWallet) -> WalletHalves<&SigningHalf> {
        WalletHalves { secp256k1: &wallet.secp256k1.signing, ed25519: &wallet.ed25519.signing }
    }
    let second =
        run(back_up_wallet(&params.client, signing(&client)), back_up_wallet(&params.server, signing(&server)))
            .unwrap();

    let params = fresh(2);
    fn halves(backup: &WalletHalves<BackupHalf>) -> WalletHalves<&BackupHalf> {
        WalletHalves { secp256k1: &backup.secp256k1, ed25519: &backup.ed25519 }
    }
    let recovered = run(
        recover_wallet(&params.client, halves(&second.client)),
        recover_wallet(&params.server, halves(&second.server)),
    )
    .unwrap();
    for (old, new, server) in [
        (&client.secp256k1, &recovered.client.secp256k1, &recovered.server.secp256k1),
        (&client.ed25519, &recovered.client.ed25519, &recovered.server.ed25519),
    ] {
        assert_eq!(old.signing.commitments().public_key(), new.signing.commitments().public_key());
        assert_eq!(new.backup.commitments(), server.backup.commitments());
        assert_signs(Two { client: &new.signing, server: &server.signing });
        let mixed = Two { client: &old.signing, server: &server.signing };
        assert!(sign(mixed, &request(old.signing.curve())).is_err());
    }

    // the signing pairs alone, from a backup that stays as it is
    let params = fresh(3);
    let renewed =
        run(renew_wallet(&params.client, halves(&second.client)), renew_wallet(&params.server, halves(&second.server)))
            .unwrap();
    for (client, server, old) in [
        (&renewed.client.secp256k1, &renewed.server.secp256k1, &recovered.server.secp256k1.signing),
        (&renewed.client.ed25519, &renewed.server.ed25519, &recovered.server.ed25519.signing),
    ] {
        assert_eq!(client.commitments().public_key(), old.commitments().public_key());
        assert_signs(Two { client, server });
        assert!(sign(Two { client, server: old }, &request(client.curve())).is_err());
    }

    // one curve of each of two backups
    let params = fresh(3);
    let mixed = WalletHalves { secp256k1: &second.server.secp256k1, ed25519: &recovered.server.ed25519.backup };
    let result = run(recover_wallet(&params.client, halves(&second.client)), recover_wallet(&params.server, mixed));
    assert_eq!(result.err(), Some(MpcError::RefreshMismatch));
    let swapped = WalletHalves { secp256k1: &second.client.ed25519, ed25519: &second.client.secp256k1 };
    assert!(matches!(recover_wallet(&params.client, swapped).err(), Some(MpcError::Request(_))));
}
