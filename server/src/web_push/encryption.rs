//! Bodies that the subscriber alone can read: Message Encryption for Web Push (RFC 8291), one record of `aes128gcm`
//! (RFC 8188). The push service on the way sees a block of bytes that is equally long each time.

use ring::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral},
    hkdf::{HKDF_SHA256, KeyType, Salt},
    rand::{SecureRandom as _, SystemRandom},
};

/// A point of P-256, uncompressed (SEC 1, section 2.3.3).
pub(super) const POINT_BYTES: usize = 65;
/// The secret that a subscription shares with who may send to it.
pub(super) const AUTH_BYTES: usize = 16;

/// The longest text of a message. Every message is filled up to it, so that its length says nothing.
pub(super) const TEXT_BYTES: usize = 3072;

/// As large as any record may be that a push service takes (RFC 8291, section 4).
const RECORD_BYTES: u32 = 4096;
const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
/// Ends the text of the last record (RFC 8188, section 2).
const LAST_RECORD: u8 = 2;

/// What a message is encrypted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Receiver {
    /// The subscriber's public key.
    pub(super) point: [u8; POINT_BYTES],
    /// The subscriber's secret.
    pub(super) auth: [u8; AUTH_BYTES],
}

impl Receiver {
    /// Whether there is such a public key: a point that is none cannot be agreed on a secret with.
    pub(super) fn is_valid(&self) -> bool {
        self.encrypt(&[]).is_some()
    }

    /// The body for a text of at most [`TEXT_BYTES`]; `None` if there is no such public key.
    pub(super) fn encrypt(&self, text: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        let mut salt = [0; SALT_BYTES];
        random.fill(&mut salt).ok()?;
        let own = EphemeralPrivateKey::generate(&ECDH_P256, &random).ok()?;
        let own_point: [u8; POINT_BYTES] = own.compute_public_key().ok()?.as_ref().try_into().ok()?;
        let theirs = UnparsedPublicKey::new(&ECDH_P256, self.point);
        agree_ephemeral(own, &theirs, |secret| self.seal(secret, &own_point, &salt, text, TEXT_BYTES)).ok()
    }

    /// Everything after the agreement on a secret: nothing here is random.
    fn seal(
        &self,
        secret: &[u8],
        own_point: &[u8; POINT_BYTES],
        salt: &[u8; SALT_BYTES],
        text: &[u8],
        text_bytes: usize,
    ) -> Vec<u8> {
        let info = [b"WebPush: info\0", &self.point[..], own_point];
        let input: [u8; 32] = derive(&self.auth, secret, &info);
        let key: [u8; 16] = derive(salt, &input, &[b"Content-Encoding: aes128gcm\0"]);
        let nonce: [u8; 12] = derive(salt, &input, &[b"Content-Encoding: nonce\0"]);

        let mut record = text.to_vec();
        record.push(LAST_RECORD);
        record.resize(text_bytes + 1, 0);
        let key = UnboundKey::new(&AES_128_GCM, &key).expect("it has the length of a key");
        LessSafeKey::new(key)
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)
            .expect("a record is far shorter than what one key may seal");

        let mut body = Vec::with_capacity(SALT_BYTES + 4 + 1 + POINT_BYTES + record.len());
        body.extend_from_slice(salt);
        body.extend_from_slice(&RECORD_BYTES.to_be_bytes());
        body.push(u8::try_from(POINT_BYTES).expect("it is 65"));
        body.extend_from_slice(own_point);
        body.extend_from_slice(&record);
        body
    }
}

/// HKDF with SHA-256 (RFC 5869).
fn derive<const N: usize>(salt: &[u8], input: &[u8], info: &[&[u8]]) -> [u8; N] {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut derived = [0; N];
    Salt::new(HKDF_SHA256, salt)
        .extract(input)
        .expand(info, Length(N))
        .and_then(|output| output.fill(&mut derived))
        .expect("no more is asked for than HKDF gives");
    derived
}

const _: () = assert!(SALT_BYTES + 5 + POINT_BYTES + TEXT_BYTES + 1 + TAG_BYTES <= RECORD_BYTES as usize);

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};

    use super::*;

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        BASE64.decode(text).expect("base64").try_into().expect("of this length")
    }

    /// RFC 8291, section 5 and appendix A.
    #[test]
    fn the_rfcs_example_is_encrypted_byte_for_byte() {
        let receiver = Receiver {
            point: bytes(
                "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            ),
            auth: bytes("BTBZMqHH6r4Tts7J_aSIgg"),
        };
        let own_point =
            bytes("BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");
        let secret: [u8; 32] = bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
        let text = b"When I grow up, I want to be a watermelon";
        let body = receiver.seal(&secret, &own_point, &bytes("DGv6ra1nlYgDCS1FRnbzlw"), text, text.len());
        assert_eq!(
            BASE64.encode(body),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz\
             AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn every_message_is_equally_long_and_fits_into_a_record() {
        let own = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).expect("a key");
        let point = own.compute_public_key().expect("a point").as_ref().try_into().expect("of this length");
        let receiver = Receiver { point, auth: [7; AUTH_BYTES] };
        let lengths = [&b""[..], b"short", &[b'x'; TEXT_BYTES]]
            .map(|text| receiver.encrypt(text).expect("the key is valid").len());
        assert_eq!(lengths, [3175; 3]);
    }

    #[test]
    fn a_point_that_is_not_on_the_curve_is_noticed() {
        let mut point = [4; POINT_BYTES];
        assert!(!Receiver { point, auth: [0; AUTH_BYTES] }.is_valid());
        point[0] = 2;
        assert!(!Receiver { point, auth: [0; AUTH_BYTES] }.is_valid());
    }
}
