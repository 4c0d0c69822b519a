import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOSSL
import ProviderKit
import TestCertificates
import Testing

@testable import ProviderTransport

@Suite("TLS and configuration", .timeLimit(.minutes(5)))
struct TransportConfigurationTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func withRootFile(_ text: String, _ body: (String) async throws -> Void) async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("root-\(UUID().uuidString).pem")
        try text.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        try await body(file.path)
    }

    private func serverTLS(_ pem: String = TestCertificates.localhost) throws -> NIOSSLContext {
        let certificate = try NIOSSLCertificate(bytes: Array(pem.utf8), format: .pem)
        let key = try NIOSSLPrivateKey(bytes: Array(TestCertificates.localhostKey.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: [.certificate(certificate)], privateKey: .privateKey(key)))
    }

    private func send(to base: String, extraRootsPath: String?) async throws -> Transmission {
        let transport = try makeTransport(
            provider: "p", baseURL: base, connectTimeout: .seconds(10), extraRoots: extraRootsPath, logger: logger)
        let request = ProviderRequest(.post, "/pay", body: Array("{}".utf8))
        let result = await transport.send(request, timeout: .seconds(10))
        await transport.shutdown()
        return result
    }

    @Test("A certificate is believed under an extra root, for the name it is for, and not otherwise")
    func certificates() async throws {
        try await withRootFile(TestCertificates.root) { path in
            try await ScriptedServer.run(tls: try serverTLS(), script: { _ in [reply(body: "ok")] }) { server, port in
                guard case .replied(let reply) = try await send(to: "https://localhost:\(port)", extraRootsPath: path)
                else {
                    Issue.record("no reply under the extra root")
                    return
                }
                #expect(reply.body == Array("ok".utf8))
                #expect(server.record.requests.count == 1)

                for (base, roots) in [("https://localhost", nil), ("https://127.0.0.1", path)] {
                    guard case .notSent(let failure) = try await send(to: "\(base):\(port)", extraRootsPath: roots)
                    else {
                        Issue.record("\(base) was believed")
                        continue
                    }
                    #expect(failure.reason == "tls_failed")
                }
                #expect(server.record.requests.count == 1)
            }
        }
    }

    @Test(
        "A certificate of the right name that is not valid",
        arguments: [TestCertificates.expired, TestCertificates.early, TestCertificates.selfSigned])
    func invalidCertificates(pem: String) async throws {
        try await withRootFile(TestCertificates.root) { path in
            try await ScriptedServer.run(tls: try serverTLS(pem), script: { _ in [reply(body: "ok")] }) {
                server, port in
                let result = try await send(to: "https://localhost:\(port)", extraRootsPath: path)
                #expect(result.summary == "not sent: tls_failed")
                #expect(server.record.requests.isEmpty && server.record.fragments.isEmpty)
            }
        }
    }

    @Test("Extra roots that cannot be read")
    func unreadableRoots() async throws {
        #expect(throws: TransportFault.self) {
            try makeTransport(
                provider: "p", baseURL: "https://a.example", connectTimeout: .seconds(1), extraRoots: "/nowhere.pem",
                logger: logger)
        }
        try await withRootFile("no certificate") { path in
            #expect(throws: TransportFault.extraRoots("\(path) holds no readable PEM certificates")) {
                try makeTransport(
                    provider: "p", baseURL: "https://a.example", connectTimeout: .seconds(1), extraRoots: path,
                    logger: logger)
            }
        }
    }

    @Test(
        "Addresses that are no base address",
        arguments: [
            "http://api.example.com", "ftp://a.example", "api.example.com", "", "https://", "https://u:p@a.example",
            "https://a.example?x=1", "https://a.example/v1#f", "http://127.0.0.1.example.com",
        ])
    func badAddresses(base: String) {
        #expect(throws: TransportFault.self) {
            try makeTransport(provider: "p", baseURL: base, connectTimeout: .seconds(1), logger: logger)
        }
    }

    @Test("Certificates are verified, and no connection outlives the usual server's patience")
    func setup() throws {
        let tls = try HTTPProviderTransport.tlsConfiguration(extraRootsPath: nil)
        #expect(tls.certificateVerification == .fullVerification)
        #expect(tls.applicationProtocols == ["http/1.1"])
        #expect(HTTPProviderTransport.idleTimeout < .seconds(5))
    }
}
