@testable import HTTPGateway
import NIOCore
import NIOSSL
import Synchronization
import TestCertificates
import Testing

/// The public listener behind TLS.
@Suite(.timeLimit(.minutes(5))) struct TLSTests {
    /// A test of plain connections that is to hold under TLS as well.
    struct Rule: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let holds: @Sendable () async throws -> Void

        init(_ name: String, _ holds: @escaping @Sendable () async throws -> Void) {
            testDescription = name
            self.holds = holds
        }
    }

    static let rules = [
        Rule("many requests") { try await ConnectionTests().aConnectionCarriesManyRequests() },
        Rule("unread body") { try await ConnectionTests().anUnreadBodyIsSkippedBeforeTheNextRequest() },
        Rule("bounded body") { try await ConnectionTests().bodiesHaveABound() },
        Rule("held-back body") { try await ConnectionTests().aBodyThatIsHeldBackIsAskedFor() },
        Rule("close") { try await ConnectionTests().aCallerMayEndTheConnection() },
        Rule("draining") { try await ConnectionTests().answersEndConnectionsWhileDraining() },
        Rule("shutdown") { try await ConnectionTests().aRequestUnderWayIsAnsweredThroughAShutdown() },
        Rule("cut short") { try await ConnectionTests().aBodyCutShortIsNotTaken() },
        Rule("new while closing") {
            try await ConnectionTests().aConnectionThatIsNewWhenTheListenerClosesIsStillServed()
        },
        Rule("carries nothing") {
            try await ConnectionTests().aNewConnectionThatCarriesNothingHoldsUpTheEndForALittleOnly()
        },
        Rule("no HTTP") { try await ConnectionTests().whatIsNotHTTPIsRefused() },
        Rule("headers") { try await BoundsTests().headerFieldsHaveABoundOfNumberAndSize() },
        Rule("idle") { try await BoundsTests().anIdleConnectionIsNoSlowSender() },
        Rule("sent ahead") { try await BoundsTests().whatIsSentAheadTakesNoTimeFromTheAnswer() },
        Rule("surplus") { try await BoundsTests().aSurplusConnectionIsToldSo() },
        Rule("behind the end") { try await BoundsTests().nothingIsBegunBehindAnAnswerThatEndsTheConnection() },
        Rule("nonsense") { try await BoundsTests().nonsenseBehindARequestIsAnsweredBehindItsAnswer() },
        Rule("unfinished") { try await BoundsTests().anUnfinishedRequestDoesNotHoldUpAShutdown() },
    ]

    @Test(arguments: rules) func theRulesOfConnectionsHold(_ rule: Rule) async throws {
        try await Secured.$isOn.withValue(true) { try await rule.holds() }
    }

    private static func status(_ gateway: Harness, as caller: NIOSSLContext) async throws -> Int {
        try await Wire.connect(port: gateway.port, as: caller) { wire in
            try await wire.send(BoundsTests.get)
            return try await wire.answer().status
        }
    }

    @Test func olderVersionsThan1_2AreRefused() async throws {
        try await Harness.run(tls: ListenerTLS(try Secured.identity())) { gateway in
            for version in [2, 3] {
                let caller = try Secured.caller(versions: version...version)
                #expect(try await Self.status(gateway, as: caller) == 404)
            }
            let old = try Secured.caller(versions: 0...1)
            await #expect(throws: (any Error).self) { try await Self.status(gateway, as: old) }
        }
    }

    @Test func whoSpeaksPlainHTTPGetsNoAnswerAndHarmsNobody() async throws {
        try await Harness.run(tls: ListenerTLS(try Secured.identity())) { gateway in
            for text in [BoundsTests.whole, "\u{16}\u{3}\u{1}nonsense", String(repeating: "x", count: 100_000)] {
                let bytes = try await Wire.connect(port: gateway.port) { wire in
                    wire.begin(text)
                    return await wire.rest()
                }
                // An alert of TLS at most.
                #expect(bytes.count < 16)
            }
            #expect(gateway.recorder.asked.isEmpty)
            #expect(try await Self.status(gateway, as: Secured.caller()) == 404)
        }
    }

    @Test func aHandshakeHasToComeToItsEndAndCountsAsAConnection() async throws {
        var limits = Listener.Limits()
        limits.connections = 1
        limits.handshake = .seconds(3)
        try await Harness.run(limits: limits, tls: ListenerTLS(try Secured.identity())) { gateway in
            for begun: [UInt8] in [[], [0x16, 0x03, 0x01, 0x40, 0x00]] {
                try await Wire.connect(port: gateway.port) { slow in
                    try await slow.send(begun)
                    let dribble = begun.isEmpty ? nil : slow.dribble()
                    #expect(try await Self.status(gateway, as: Secured.caller()) == 503)
                    _ = await slow.rest()
                    dribble?.cancel()
                }
                while try await Self.status(gateway, as: Secured.caller()) == 503 {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
        }
    }

    @Test func anotherCertificateIsForNewConnections() async throws {
        let tls = ListenerTLS(try Secured.identity())
        try await Harness.run(tls: tls) { gateway in
            try await Wire.connect(port: gateway.port, as: Secured.caller()) { old in
                try await old.send(BoundsTests.get)
                #expect(try await old.answer().status == 404)
                #expect(try await old.certificate() == Secured.certificates(TestCertificates.localhost).first)
                tls.use(try Secured.identity(TestCertificates.renewed, TestCertificates.renewedKey))
                try await Wire.connect(port: gateway.port, as: Secured.caller()) { new in
                    try await new.send(BoundsTests.get)
                    #expect(try await new.answer().status == 404)
                    #expect(try await new.certificate() == Secured.certificates(TestCertificates.renewed).first)
                }
                try await old.send(BoundsTests.get)
                #expect(try await old.answer().status == 404)
            }
        }
    }

    @Test func whoHasNoCertificateUnderTheRootsIsNotLetIn() async throws {
        let tls = ListenerTLS(try Secured.identity(clientCA: TestCertificates.root))
        try await Harness.run(tls: tls) { gateway in
            let known = try Secured.caller(certificate: TestCertificates.client)
            #expect(try await Self.status(gateway, as: known) == 404)
            // A server's certificate under the same root is no caller's.
            for wrong in [nil, TestCertificates.strangerClient, TestCertificates.selfSigned] {
                for version in [2, 3] {
                    await #expect(throws: (any Error).self) {
                        let caller = try Secured.caller(certificate: wrong, versions: version...version)
                        return try await Self.status(gateway, as: caller)
                    }
                }
            }
            #expect(try await Self.status(gateway, as: known) == 404)
            // The roots change with the certificate.
            tls.use(try Secured.identity(clientCA: TestCertificates.strangerRoot))
            await #expect(throws: (any Error).self) { try await Self.status(gateway, as: known) }
            let other = try Secured.caller(certificate: TestCertificates.strangerClient)
            #expect(try await Self.status(gateway, as: other) == 404)
        }
    }

    @Test func anEndWithoutAGoodbyeIsAnEnd() async throws {
        var limits = Listener.Limits()
        limits.connections = 1
        try await Harness.run(limits: limits, tls: ListenerTLS(try Secured.identity())) { gateway in
            for request in ["", BoundsTests.get, BoundsTests.head("Content-Length: 10\r\n") + "{"] {
                try await Wire.connect(port: gateway.port, as: Secured.caller()) { wire in
                    try await wire.send(request)
                    if request == BoundsTests.get { #expect(try await wire.answer().status == 404) }
                    try await wire.vanish()
                }
                while try await Self.status(gateway, as: Secured.caller()) == 503 {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(gateway.recorder.asked.isEmpty)
            let errors = gateway.logs.all.filter { $0.hasPrefix("error") }
            #expect(errors == [])
        }
    }
}
