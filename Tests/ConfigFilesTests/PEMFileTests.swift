import ConfigFiles
import PaymentEngine
import PaymentModel
import TestCertificates
import Testing

/// Certificates and keys that the configuration names are looked into, and what is wrong is told where they are named.
@Suite struct PEMFileTests {
    private typealias Certificates = TestCertificates

    private static let tls = "server: { tls: { certificate: /tls.pem, private_key: /tls.key } }"
    private static let mutual = "server: { tls: { certificate: /tls.pem, private_key: /tls.key, client_ca: /ca.pem } }"

    /// What is said where these files are.
    private static func faults(certificate: String, key: String, ca: String? = nil) -> [String] {
        let disk = ["/tls.pem": certificate, "/tls.key": key, "/ca.pem": ca ?? ""]
        return ConfigFilesTests.faults(ca == nil ? tls : mutual, disk: disk)
    }

    private static func broken(_ pem: String) -> String {
        pem.replacing(/\n(?<line>[A-Za-z0-9+\/=]{64})\n/, maxReplacements: 1) { "\n\($0.line.reversed())\n" }
    }

    @Test func aPairThatBelongsTogetherIsTaken() throws {
        let table = [
            (Certificates.localhost, Certificates.localhostKey), (Certificates.renewed, Certificates.renewedKey),
            (Certificates.localhost + "\n" + Certificates.root, "of 2026\n" + Certificates.localhostKey + "\n"),
        ]
        for (certificate, key) in table {
            let result = load(
                ["a.yaml": base, "x.yaml": Self.mutual],
                disk: ["/tls.pem": certificate, "/tls.key": key, "/ca.pem": Certificates.root])
            #expect(result.faults == [])
            let tls = try #require(result.configuration?.server.tls)
            #expect(tls.certificate == certificate)
            #expect(tls.privateKey.reveal() == key)
            #expect(tls.clientCA == Certificates.root)
            #expect(result.files == ["/tls.pem", "/tls.key", "/ca.pem"])
            #expect(!"\(tls)".contains(String(key.suffix(60).prefix(20))))
        }
    }

    @Test func whatIsWrongIsToldWhereItIsNamed() {
        let (pem, key) = (Certificates.localhost, Certificates.localhostKey)
        let certificate = "1:31: error: certificate: "
        let table: [(certificate: String, key: String, faults: [String])] = [
            ("", key, [certificate + "the file holds no PEM block 'CERTIFICATE'"]),
            (key, key, [certificate + "the file holds no PEM block 'CERTIFICATE'"]),
            (Self.broken(pem), key, [certificate + "the file holds a certificate that cannot be read"]),
            (
                pem + "\n" + Self.broken(Certificates.root), key,
                [certificate + "the file holds a certificate that cannot be read"]
            ),
            (
                "-----BEGIN CERTIFICATE-----\n", key,
                [certificate + "the file holds a certificate that cannot be read"]
            ),
            (pem, pem, ["1:54: error: private_key: the file holds no PEM block 'PRIVATE KEY'"]),
            (pem, Self.broken(key), ["1:54: error: private_key: the file holds a key that cannot be read"]),
            (
                pem, Certificates.encryptedKey,
                ["1:54: error: private_key: the key is encrypted; it must be there without a passphrase"]
            ),
            (pem, Certificates.renewedKey, ["1:54: error: private_key: the key is not that of the certificate"]),
            // The chain begins with the certificate that the key is of.
            (
                Certificates.root + "\n" + pem, key,
                ["1:54: error: private_key: the key is not that of the certificate"]
            ),
            (
                Certificates.expired, key,
                ["1:31: warning: certificate: it expired at 2021-01-01T00:00:00.000Z, and callers refuse it"]
            ),
            (
                Certificates.early, key,
                [
                    "1:31: warning: certificate: it is valid from 2125-01-01T00:00:00.000Z on, and callers refuse it until then"
                ]
            ),
        ]
        for (pem, key, faults) in table { #expect(Self.faults(certificate: pem, key: key) == faults) }
        #expect(
            Self.faults(certificate: pem, key: key, ca: Self.broken(Certificates.root))
                == ["1:75: error: client_ca: the file holds a certificate that cannot be read"])
    }

    @Test func whatIsInTheFilesIsPartOfTheVersion() throws {
        func version(_ pem: String, _ key: String, _ ca: String) throws -> String {
            let result = load(
                ["a.yaml": base, "x.yaml": Self.mutual], disk: ["/tls.pem": pem, "/tls.key": key, "/ca.pem": ca])
            return try #require(result.configuration?.version)
        }
        let versions = [
            try version(Certificates.localhost, Certificates.localhostKey, Certificates.root),
            try version(Certificates.renewed, Certificates.renewedKey, Certificates.root),
            try version(Certificates.localhost, Certificates.localhostKey, Certificates.strangerRoot),
        ]
        #expect(Set(versions).count == 3)
        #expect(try version(Certificates.localhost, Certificates.localhostKey, Certificates.root) == versions[0])
    }

    @Test func aBuildMachineHasNoFiles() {
        let result = load(["a.yaml": base, "x.yaml": Self.mutual], withoutSecrets: true)
        #expect(result.faults == [] && result.configuration != nil)
        #expect(result.files == [])
    }
}
