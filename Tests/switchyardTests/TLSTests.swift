import Foundation
import HTTPGateway
import NIOHTTP1
import NIOSSL
import PaymentEngine
import StrictJSON
import TestCertificates
import Testing

@testable import switchyard

extension EndToEnd {
    /// TLS with callers and with providers, over real sockets.
    @Suite struct TLSTests {
        @Test func paymentsAreMadeOverTLSAndCertificatesAreRenewedWhileTheyAre() async throws {
            let files = try CertificateFiles()
            defer { try? files.remove() }
            try await endToEnd(.quick(server: files.yaml)) { router in
                let paid = try await router.pay("k-1")
                #expect(paid.status == 201)
                // Whom providers call back.
                let address = try await router.providers.received("payalo").first?.body?["resultUrl"]?.string
                #expect(address?.hasPrefix("\(router.origin)/webhooks/payalo-ke/") == true)
                #expect(router.origin.hasPrefix("https://"))
                #expect(try await shownCertificate(port: router.api) == Self.first)
                let version = router.server.engine.configuration.version

                // Saved one after the other: the pair does not belong together until the second is there.
                try files.write(certificate: TestCertificates.renewed, key: TestCertificates.renewedKey)
                _ = try await eventually("the new one is shown") {
                    try await shownCertificate(port: router.api) == Self.second ? true : nil
                }
                #expect(router.server.engine.configuration.version != version)
                #expect(router.server.reloader.reloads.map(\.trigger) == ["change"])
                #expect(try await router.pay("k-2").status == 201)

                // A pair that cannot serve keeps the one before, and is told with its place.
                try files.write(certificate: TestCertificates.renewed, key: TestCertificates.localhostKey)
                let refused = try await router.operate(.POST, "/admin/reload")
                #expect(refused.status == 422)
                let line = Setup.yaml(server: files.yaml).split(separator: "\n", omittingEmptySubsequences: false)
                    .firstIndex { $0.contains("tls:") }
                let place = "\(router.folder.path)/all.yaml:\(try #require(line) + 1)"
                let faults = refused.json["faults"]?.array?.compactMap(\.string) ?? []
                #expect(faults.count == 1)
                #expect(faults.first?.hasPrefix(place) == true, "\(faults)")
                #expect(
                    faults.first?.hasSuffix(" error: private_key: the key is not that of the certificate") == true)
                #expect(try await shownCertificate(port: router.api) == Self.second)
                #expect(try await router.pay("k-3").status == 201)

                // Nor is one taken that callers refuse, in the place of one that they take.
                try files.write(certificate: TestCertificates.expired, key: TestCertificates.localhostKey)
                let expired = try await router.operate(.POST, "/admin/reload")
                #expect(expired.status == 422)
                #expect(expired.text.contains("the certificate expired at 2021-01-01"), "\(expired.text)")
                #expect(try await shownCertificate(port: router.api) == Self.second)

                try files.write(certificate: TestCertificates.localhost, key: TestCertificates.localhostKey)
                #expect(try await router.operate(.POST, "/admin/reload").status == 200)
                #expect(try await shownCertificate(port: router.api) == Self.first)
                let metrics = try await router.operate(.GET, "/metrics").text
                #expect(metrics.contains("\nswitchyard_tls_certificate_expiry_timestamp_seconds "))
                // Switched off by a restart alone.
                try Setup.write(Setup.yaml(), into: router.folder)
                let kept = try await router.operate(.POST, "/admin/reload")
                #expect(kept.status == 200)
                #expect(kept.text.contains("server.tls stays on until a restart"))
                #expect(try await router.pay("k-4").status == 201)

                let secret = String(TestCertificates.localhostKey.split(separator: "\n")[1])
                let told = router.logs.all.filter { $0.contains(secret) }
                #expect(told == [])
            }
        }

        private static let first = TLSConfiguration.certificates(TestCertificates.localhost).first
        private static let second = TLSConfiguration.certificates(TestCertificates.renewed).first

        @Test func checkAndServeRefuseAPairThatCannotServe() async throws {
            let files = try CertificateFiles()
            defer { try? files.remove() }
            try files.write(certificate: TestCertificates.localhost, key: TestCertificates.renewedKey)
            let setup = Setup.file("server: { \(files.yaml) }\n")
            let folder = try setup.written()
            defer { try? setup.remove(folder) }
            for command in ["check", "serve"] {
                let program = try Program(command, "--config", folder.path)
                #expect(await program.end() == 1)
                #expect(program.output.contains("error: private_key: the key is not that of the certificate"))
            }
        }

        /// Each of them is a provider that cannot prove who it is: it gets nothing, and the next one takes the payment.
        @Test(
            arguments: [
                ("https://localhost", TestCertificates.expired), ("https://localhost", TestCertificates.selfSigned),
                ("https://127.0.0.1", TestCertificates.localhost),
            ], [true, false])
        func aProviderThatIsNotProvenIsSentNothing(_ provider: (host: String, pem: String), roots: Bool) async throws {
            let files = try CertificateFiles()
            defer { try? files.remove() }
            try await withTLSServer(showing: provider.pem) { port, received in
                let payalo = (roots ? "ca: \(files.root)\n    " : "") + "breaker: { open_for: 100ms }"
                try await withProviders { providers in
                    let yaml = Setup.yaml(payalo: payalo)
                        .replacing("\"${PAYALO_URL}\"", with: "\(provider.host):\(port)")
                        .replacing("  inquiry:", with: "  \(Self.secrets)\n  inquiry:")
                    try await withRouter(.file(yaml), providers) { router in
                        let paid = try await router.pay("k-1")
                        #expect(paid.status == 201)
                        #expect(
                            paid.attempts == [
                                "payalo-ke:create=unavailable(tls_failed)", "payalo-backup:create=accepted",
                            ])
                        #expect(try await providers.charges().count <= 1)
                    }
                }
                #expect(received() == 0)
            }
        }

        private static let secrets =
            "reference_secret: 0123456789abcdef\n  callback_secrets: [0123456789abcdef]"
    }
}
