import APIConformance
import APIDescription
@testable import HTTPGateway
@testable import PaymentEngine
import PaymentModel
import StrictJSON
import Testing

/// `/openapi.yaml` and `/docs`, and that the description has the paths of the program and no others.
@Suite struct DescriptionTests {
    @Test func bothAreServedToAnybody() async throws {
        try await Harness.run { gateway in
            let description = try await gateway.send("GET", "/openapi.yaml", [])
            #expect(description.status == 200)
            #expect(description["Content-Type"] == "application/yaml")
            #expect(description.body == APIDocument.yaml)
            let page = try await gateway.send("GET", "/docs", [])
            #expect(page.status == 200)
            #expect(page["Content-Type"] == "text/html; charset=utf-8")
            #expect(page["Content-Security-Policy"] == APIDocument.page.contentSecurityPolicy)
            #expect(page["X-Content-Type-Options"] == "nosniff")
            #expect(page.body == APIDocument.page.html)
            let head = try await gateway.send("HEAD", "/docs", [])
            #expect(head.body.isEmpty)
            #expect(gateway.recorder.asked == [])
        }
        try await Harness.run(side: .admin(host: "127.0.0.1")) { gateway in
            let elsewhere = try await gateway.send("GET", "/docs", [])
            #expect(elsewhere.status == 404)
        }
    }

    private static func values(_ schema: String, _ member: String? = nil) -> [String] {
        let schema = APIDocument.contents["components"]?["schemas"]?[schema]
        let values = member.map { schema?["properties"]?[$0] } ?? schema
        return (values?["enum"]?.array ?? []).compactMap(\.string)
    }

    @Test func whatAMemberMayBeIsWhatTheProgramKnows() {
        let version = APIDocument.contents["info"]?["version"]?.string
        #expect(version == Release.version)
        for (described, known) in [
            (Self.values("PaymentStatus"), PaymentStatus.allCases.map(\.rawValue)),
            (Self.values("PaymentMethod"), PaymentMethod.allCases.map(\.rawValue)),
            (Self.values("CaptureMode"), CaptureMode.allCases.map(\.rawValue)),
            (Self.values("Card", "brand"), CardBrand.allCases.map(\.rawValue)),
            (Self.values("Decline", "code"), Decline.Code.allCases.map(\.rawValue)),
            (Self.values("Review", "reason"), Review.Reason.allCases.map(\.rawValue)),
            (Self.values("Attempt", "outcome"), Attempt.Outcome.allCases.map(\.rawValue)),
            (Self.values("Attempt", "operation"), PaymentModel.Operation.allCases.map(\.rawValue)),
            (Self.values("OperationReport", "operation"), PaymentModel.Operation.allCases.map(\.rawValue)),
            (Self.values("Refund", "status"), Refund.Status.allCases.map(\.rawValue)),
            (Self.values("Delivery", "status"), EventDelivery.Status.allCases.map(\.rawValue)),
            (Self.values("EventType"), Event.Kind.allNames),
            (Self.values("Problem", "code"), Problem.Code.allCases.map(\.rawValue)),
        ] {
            #expect(described.sorted() == known.sorted())
        }
    }

    @Test func eachProblemIsDescribedWithItsStatus() {
        for operation in APIConformance.shared.operations {
            for (status, response) in operation.contents["responses"]?.object ?? JSONObject() {
                let content = APIDocument.resolve(response, in: APIDocument.contents)["content"]
                let problem = content?["application/problem+json"]?["schema"]?["properties"]
                for code in problem?["code"]?["enum"]?.array ?? [] {
                    let known = Problem.Code(rawValue: code.string ?? "").map { String($0.status) }
                    #expect(known == status, "\(operation.id) \(code)")
                }
            }
        }
    }

    private static func described(_ isAdmin: Bool) -> [String: Set<String>] {
        var methods: [String: Set<String>] = [:]
        for operation in APIConformance.shared.operations where !operation.isWebhook && operation.isAdmin == isAdmin {
            methods[operation.path, default: ["OPTIONS"]].insert(operation.method)
            if operation.method == "GET" { methods[operation.path]?.insert("HEAD") }
        }
        return methods
    }

    private static func methods(_ allowed: String?) -> Set<String>? {
        allowed.map { Set($0.split(separator: ", ").map(String.init)) }
    }

    @Test func eachDescribedPathIsThereWithItsMethods() {
        for (path, methods) in Self.described(false) {
            let allowed = Self.methods(PublicPath(path.replacing("{", with: "").replacing("}", with: ""))?.allowed)
            #expect(allowed == methods, "\(path)")
        }
        for (path, methods) in Self.described(true) {
            let allowed = Self.methods(AdminPath(path.replacing("{", with: "").replacing("}", with: ""))?.allowed)
            #expect(allowed == methods, "\(path)")
        }
    }

    @Test func eachPathIsDescribed() {
        let paths: [PublicPath] = [
            .payments, .payment(id: "x"), .followUp(.capture, id: "x"), .followUp(.cancel, id: "x"),
            .followUp(.refund, id: "x"), .sync(id: "x"), .explain, .paymentMethods, .events, .event(id: "x"),
            .redelivery(id: "x"), .callback(provider: "x"), .tokenCallback(provider: "x", token: "x"), .description,
            .documentation,
        ]
        let described = Set(Self.described(false).keys)
        #expect(Set(paths.map(\.template)) == described)
        let adminPaths: [AdminPath] = [
            .page, .pageContent, .alive, .ready, .metrics, .providers, .payments, .payment(id: "x"), .orphans, .reload,
            .reloads,
            .resolve(id: "x"), .sync(id: "x"), .events, .redeliver(event: "x"),
            .setProvider(name: "x", disabled: true), .setProvider(name: "x", disabled: false),
        ]
        let describedToOperators = Set(Self.described(true).keys)
        #expect(Set(adminPaths.map(\.template)) == describedToOperators)
    }
}

extension AdminPath {
    /// As the description has it. A new case has to be told here, and in the list above.
    fileprivate var template: String {
        switch self {
        case .pageContent: "/admin/page"
        case .page: "/"
        case .metrics: "/metrics"
        case .sync: "/admin/payments/{id}/sync"
        case .events: "/admin/events"
        case .redeliver: "/admin/events/{id}/redeliver"
        case .alive: "/healthz"
        case .ready: "/readyz"
        case .providers: "/admin/providers"
        case .payments: "/admin/payments"
        case .payment: "/admin/payments/{id}"
        case .orphans: "/admin/orphans"
        case .reload: "/admin/reload"
        case .reloads: "/admin/reloads"
        case .resolve: "/admin/payments/{id}/resolve"
        case .setProvider(_, disabled: true): "/admin/providers/{name}/disable"
        case .setProvider: "/admin/providers/{name}/enable"
        }
    }
}
