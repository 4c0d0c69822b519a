import NIOSSL
import PaymentEngine
import PaymentModel

/// PEM files that the configuration names. A reload must not go live with one that cannot be used, so each is read and
/// understood; without secrets, as on a build machine, none is.
struct PEMFiles {
    let faults: FaultLog
    let withoutSecrets: Bool
    let readFile: (String) -> [UInt8]?
    let now: Timestamp

    /// The certificates of the file that a node names; nil, and reported, where there are none.
    func certificates(_ node: ConfigNode?, _ key: String) -> Located<CertificateFile>? {
        guard let (path, text) = contents(node, key, holding: "CERTIFICATE") else { return nil }
        let certificates = text.value.isEmpty ? [] : try? NIOSSLCertificate.fromPEMBytes(Array(text.value.utf8))
        // What is broken in the middle of a bundle would else be cut off with all behind it.
        let blocks = Self.labels(text.value).count { $0 == "CERTIFICATE" }
        guard let certificates, certificates.count == blocks else {
            faults.error(at: path.position, "\(key): the file holds a certificate that cannot be read")
            return nil
        }
        return Located(
            value: CertificateFile(path: path.value, text: text.value, certificates: certificates),
            position: path.position)
    }

    /// What `server.tls` names, as one that can serve; nil, and reported, where it cannot. Nil as well without secrets.
    func tls(
        certificate: ConfigNode?, privateKey: ConfigNode?, clientCA: ConfigNode?
    ) -> ServerConfiguration.TLS? {
        let chain = certificates(certificate, "certificate")
        let key = self.privateKey(privateKey, "private_key")
        let authority = certificates(clientCA, "client_ca")
        guard !withoutSecrets, let chain, let key else { return nil }
        do {
            _ = try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: chain.value.certificates.map { .certificate($0) },
                    privateKey: .privateKey(key.value.key)))
        } catch {
            faults.error(at: key.position, "private_key: the key is not that of the certificate")
            return nil
        }
        if let shown = chain.value.certificates.first { warnOfTime(of: shown, at: chain.position) }
        return ServerConfiguration.TLS(
            certificate: chain.value.text, privateKey: key.value.text, clientCA: authority?.value.text)
    }

    private func privateKey(
        _ node: ConfigNode?, _ key: String
    ) -> Located<(text: Secret, key: NIOSSLPrivateKey)>? {
        guard let (path, text) = contents(node, key, holding: "PRIVATE KEY"), !text.value.isEmpty else { return nil }
        // Nobody is there to be asked for a passphrase.
        guard !text.value.contains("ENCRYPTED") else {
            faults.error(at: path.position, "\(key): the key is encrypted; it must be there without a passphrase")
            return nil
        }
        guard let key = try? NIOSSLPrivateKey(bytes: Array(text.value.utf8), format: .pem) else {
            faults.error(at: path.position, "\(key): the file holds a key that cannot be read")
            return nil
        }
        return Located(value: (Secret(text.value), key), position: path.position)
    }

    private func warnOfTime(of certificate: NIOSSLCertificate, at position: SourcePosition) {
        let begin = Timestamp(milliseconds: Int64(certificate.notValidBefore) * 1000)
        let end = Timestamp(milliseconds: Int64(certificate.notValidAfter) * 1000)
        if now > end {
            faults.warning(at: position, "certificate: it expired at \(end), and callers refuse it")
        } else if now < begin {
            faults.warning(at: position, "certificate: it is valid from \(begin) on, and callers refuse it until then")
        }
    }

    /// The path in a node and what is there, empty without secrets. `label` is what some PEM block must end with: `CERTIFICATE`.
    private func contents(
        _ node: ConfigNode?, _ key: String, holding label: String
    ) -> (path: Located<String>, text: Located<String>)? {
        guard let node, let path = faults.scalar(node, key, Values.text) else { return nil }
        if withoutSecrets { return (path, Located(value: "", position: path.position)) }
        guard let bytes = readFile(path.value) else {
            faults.error(at: path.position, "\(key): the file cannot be read")
            return nil
        }
        // PEM is ASCII; what comes before and after a block is not looked at (RFC 7468).
        let text = String(decoding: bytes, as: UTF8.self)
        guard Self.labels(text).contains(where: { $0.hasSuffix(label) }) else {
            faults.error(at: path.position, "\(key): the file holds no PEM block '\(label)'")
            return nil
        }
        return (path, Located(value: text, position: path.position))
    }

    /// Of the blocks that begin.
    private static func labels(_ text: String) -> [Substring] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            guard line.hasPrefix("-----BEGIN "), let end = line.dropFirst(11).firstRange(of: "-----") else {
                return nil
            }
            return line.dropFirst(11)[..<end.lowerBound]
        }
    }
}

/// A PEM file of certificates. Without secrets it was not looked into and holds nothing.
struct CertificateFile {
    let path: String
    let text: String
    let certificates: [NIOSSLCertificate]
}
