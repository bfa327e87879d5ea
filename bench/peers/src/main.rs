//! CPU time of threshold signatures by `cggmp24`, `frost-ed25519` and `frost-secp256k1-tr`.
//!
//! Safe primes come in as hexadecimal lines, four a party. Every line that goes out is a name, a tab
//! and milliseconds: of a party, or of a party and counterparty where the name says so. All parties
//! run on one thread, and messages are passed in memory as they are.

use std::io::{self, BufRead};

use cggmp24::backend::Integer;
use cggmp24::key_share::{AuxInfo, IncompleteKeyShare, Validate};
use cggmp24::security_level::SecurityLevel128;
use cggmp24::supported_curves::Secp256k1;
use cggmp24::{ExecutionId, KeyShare, PregeneratedPrimes};
use cpu_time::ProcessTime;
use rand::{rngs::OsRng, RngCore};

const THRESHOLD: u16 = 6;
const MEMBERS: u16 = 8;
const RUNS: usize = 5;

fn main() {
    let primes: Vec<Integer> = io::stdin()
        .lock()
        .lines()
        .map(|line| Integer::from_str_radix(line.expect("a line").trim(), 16).expect("hexadecimal"))
        .collect();
    ecdsa(&primes);
    let made = best(|| timed(|| drop(keygen(THRESHOLD, MEMBERS))));
    show("key generation, secp256k1", made / f64::from(MEMBERS));
    frost("Ed25519", frost_ed25519_ms());
    frost("BIP 340", frost_secp256k1_tr_ms());
}

fn show(name: &str, milliseconds: f64) {
    println!("{name}\t{milliseconds:.4}");
}

fn frost(suite: &str, (dkg, sign): (f64, f64)) {
    show(&format!("FROST key generation, {suite}"), dkg / f64::from(MEMBERS));
    show(&format!("FROST signing, {suite}"), sign / f64::from(THRESHOLD));
}

fn timed(work: impl FnOnce()) -> f64 {
    let start = ProcessTime::now();
    work();
    start.elapsed().as_secs_f64() * 1e3
}

fn best(mut run: impl FnMut() -> f64) -> f64 {
    (0..RUNS).map(|_| run()).fold(f64::INFINITY, f64::min)
}

fn nonce() -> [u8; 32] {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

fn keygen(threshold: u16, members: u16) -> Vec<IncompleteKeyShare<Secp256k1>> {
    let id = nonce();
    round_based::sim::run(members, |i, party| async move {
        cggmp24::keygen::<Secp256k1>(ExecutionId::new(&id), i, members)
            .set_threshold(threshold)
            .start(&mut OsRng, party)
            .await
    })
    .expect("the simulation ends")
    .expect_ok()
    .into_vec()
}

fn aux_info(primes: &[Integer], members: u16) -> Vec<AuxInfo> {
    let id = nonce();
    round_based::sim::run(members, |i, party| {
        let four = &primes[4 * usize::from(i)..][..4];
        let own: [Integer; 4] = std::array::from_fn(|place| four[place].clone());
        async move {
            let own = PregeneratedPrimes::<SecurityLevel128>::try_from(own).expect("primes of the level's size");
            cggmp24::aux_info_gen(ExecutionId::new(&id), i, members, own)
                .start(&mut OsRng, party)
                .await
        }
    })
    .expect("the simulation ends")
    .expect_ok()
    .into_vec()
}

fn presign(shares: &[KeyShare<Secp256k1>]) {
    let (id, members) = (nonce(), shares.len() as u16);
    let everybody: Vec<u16> = (0..members).collect();
    round_based::sim::run(members, |i, party| {
        let (share, everybody) = (&shares[usize::from(i)], &everybody);
        async move {
            cggmp24::signing(ExecutionId::new(&id), i, everybody, share)
                .generate_presignature(&mut OsRng, party)
                .await
        }
    })
    .expect("the simulation ends")
    .expect_ok();
}

fn ecdsa(primes: &[Integer]) {
    let members = (primes.len() / 4) as u16;
    let pairs = f64::from(members * (members - 1));
    let mut aux = Vec::new();
    let spent = timed(|| aux = aux_info(primes, members));
    show("auxiliary information", spent / pairs);
    let keys = keygen(members, members);
    let complete = |aux: Vec<AuxInfo>| -> Vec<KeyShare<Secp256k1>> {
        let parts = keys.iter().cloned().zip(aux);
        parts.map(|each| KeyShare::from_parts(each).expect("parts that fit")).collect()
    };
    let shares = complete(aux.clone());
    let plain = best(|| timed(|| presign(&shares)));
    show("presigning", plain / pairs);
    // `precompute_crt` refuses what `aux_info_gen` made: its factors are those of another modulus.
    let prepared = aux.into_iter().map(|own| {
        let mut own = own.into_inner();
        own.precompute_multiexp_tables().expect("tables");
        own.validate().expect("what was valid before")
    });
    let shares = complete(prepared.collect());
    let faster = best(|| timed(|| presign(&shares)));
    show("presigning with tables", faster / pairs);
}

/// Key generation and signing of one FROST crate: all of one ciphersuite have the same interface.
macro_rules! frost_ms {
    ($name:ident, $suite:ident) => {
        fn $name() -> (f64, f64) {
            use std::collections::BTreeMap;
            use $suite::{aggregate, keys, round1, round2, Identifier, SigningPackage};

            type Keys = BTreeMap<Identifier, keys::KeyPackage>;
            let everybody: Vec<Identifier> =
                (1..=MEMBERS).map(|i| i.try_into().expect("not zero")).collect();

            let generate = || -> (Keys, keys::PublicKeyPackage) {
                let (mut kept, mut sent) = (BTreeMap::new(), BTreeMap::new());
                for &i in &everybody {
                    let (secret, package) =
                        keys::dkg::part1(i, MEMBERS, THRESHOLD, OsRng).expect("part 1");
                    kept.insert(i, secret);
                    sent.insert(i, package);
                }
                // Every party reads the others' packages from bytes, as it would from a network.
                let others = |i| {
                    let written = sent.iter().filter(|(j, _)| **j != i);
                    let read = |bytes: &[u8]| keys::dkg::round1::Package::deserialize(bytes);
                    written
                        .map(|(j, each)| (*j, read(&each.serialize().expect("bytes")).expect("read")))
                        .collect::<BTreeMap<_, _>>()
                };
                let (mut secrets, mut shares) = (BTreeMap::new(), BTreeMap::new());
                let mut sent_to: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
                for (i, secret) in kept {
                    let received = others(i);
                    let (secret, packages) = keys::dkg::part2(secret, &received).expect("part 2");
                    sent_to.insert(i, received);
                    secrets.insert(i, secret);
                    for (to, package) in packages {
                        shares.entry(to).or_insert_with(BTreeMap::new).insert(i, package);
                    }
                }
                let mut made = (BTreeMap::new(), None);
                for (i, secret) in &secrets {
                    let (key, public) =
                        keys::dkg::part3(secret, &sent_to[i], &shares[i]).expect("part 3");
                    made.0.insert(*i, key);
                    made.1 = Some(public);
                }
                (made.0, made.1.expect("members"))
            };

            let dkg = best(|| timed(|| drop(generate())));
            let (keys, public) = generate();
            let message = nonce();
            let sign = || {
                let signers = || keys.iter().take(THRESHOLD.into());
                let (mut nonces, mut commitments) = (BTreeMap::new(), BTreeMap::new());
                for (i, key) in signers() {
                    let (nonce, commitment) = round1::commit(key.signing_share(), &mut OsRng);
                    nonces.insert(*i, nonce);
                    commitments.insert(*i, commitment);
                }
                let package = SigningPackage::new(commitments, &message);
                // Every signer reads the others' commitments from bytes, as it would from a network.
                for _ in signers() {
                    let written = package.serialize().expect("bytes");
                    SigningPackage::deserialize(&written).expect("a package");
                }
                let shares = signers()
                    .map(|(i, key)| (*i, round2::sign(&package, &nonces[i], key).expect("a share")))
                    .collect();
                // Each signer ends with the signature, as ours do.
                for _ in signers() {
                    aggregate(&package, &shares, &public).expect("a signature");
                }
            };
            (dkg, best(|| timed(sign)))
        }
    };
}

frost_ms!(frost_ed25519_ms, frost_ed25519);
frost_ms!(frost_secp256k1_tr_ms, frost_secp256k1_tr);
