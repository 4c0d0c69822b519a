import Fuzzing
import PaymentModel
public import ProviderKit
import StrictJSON

/// Runs the suite that every plugin has to pass, and gives what is wrong; nothing where the adapter conforms.
///
/// What is checked follows from the protocols that the adapter conforms to, so a capability cannot be added without
/// its checks. In a plugin's tests, an issue for each finding:
///
///     for finding in conformanceFindings(of: PayaloAdapter.self, with: inputs) { Issue.record("\(finding)") }
///
/// The rules are those that money depends on (contract §6, §7): what is not explained by the documents is ambiguous
/// and never an answer, amounts are exact, secrets are not shown, callbacks are not forged, and no reply whatever
/// makes the adapter trap. A trap ends the test's process: the same mutations are made each time (`FuzzPlan`), so it comes
/// again.
///
/// A finding says the rule and what was seen: the fixture, what it was read as, and how a reply was changed. Of one rule
/// the first five are told, and how many more there are.
public func conformanceFindings<Adapter: ProviderAdapter>(
    of type: Adapter.Type, with inputs: ConformanceInputs
) -> [ConformanceFinding] {
    findings(of: type, with: [inputs])
}

/// Runs the suite for a provider that has several ways to pay, with inputs for each: a card that is charged, one that is
/// held, a checkout.
///
/// Each has the fixtures that answer it. Together they must have replies for every capability, and a payment of every method.
public func conformanceFindings<Adapter: ProviderAdapter>(
    of type: Adapter.Type, with ways: [ConformanceInputs]
) -> [ConformanceFinding] {
    var findings = findings(of: type, with: ways)
    let methods = Set(ways.map(\.order.request.method))
    for method in Adapter.declaration.methods where !methods.contains(method) {
        findings.append(ConformanceFinding(rule: "every method has its inputs", detail: method.rawValue))
    }
    return findings
}

private func findings<Adapter: ProviderAdapter>(
    of type: Adapter.Type, with ways: [ConformanceInputs]
) -> [ConformanceFinding] {
    var findings: [ConformanceFinding] = []
    for inputs in ways {
        do {
            var examiner = Examiner(adapter: try Adapter(settings: inputs.settings), inputs: inputs)
            examiner.run()
            findings += examiner.allFindings
        } catch {
            findings.append(
                ConformanceFinding(rule: "the settings make an instance", detail: "\(error.key) \(error.detail)"))
        }
    }
    guard let first = ways.first, let adapter = try? Adapter(settings: first.settings) else { return findings }
    var examiner = Examiner(adapter: adapter, inputs: first)
    examiner.checkFixturesAreThere(of: ways)
    return findings + examiner.allFindings
}

/// Holds what is examined and what was found.
struct Examiner<Adapter: ProviderAdapter> {
    let adapter: Adapter
    let inputs: ConformanceInputs
    /// The documented replies that are JSON, by what they are read as.
    let documents: [String: [JSONValue]]
    var random: SeededRandom
    private var findings: [ConformanceFinding] = []
    /// How many each rule found; more than a few of one rule say nothing new.
    private var counts: [String: Int] = [:]
    private let mostOfOneRule = 5

    /// What was found, and how much is not told.
    var allFindings: [ConformanceFinding] {
        findings
            + counts.filter { $0.value > mostOfOneRule }.sorted { $0.key < $1.key }.map { rule, count in
                ConformanceFinding(rule: rule, detail: "and \(count - mostOfOneRule) more")
            }
    }

    init(adapter: Adapter, inputs: ConformanceInputs) {
        self.adapter = adapter
        self.inputs = inputs
        documents = Dictionary(grouping: inputs.fixtures, by: \.expectation).mapValues { $0.compactMap(\.reply.json) }
        random = SeededRandom(seed: inputs.seed)
    }

    mutating func run() {
        checkDeclaration()
        checkCreateRequest()
        checkCreateOutcome()
        if let adapter = adapter as? any Inquiring { checkInquiry(adapter) }
        if let adapter = adapter as? any TokenAuthenticated { checkTokens(adapter) }
        if let adapter = adapter as? any CallbackReceiving { checkCallbacks(adapter) }
        checkFollowUps()
        if let adapter = adapter as? any FollowUpInquiring { checkFindings(adapter) }
        checkSecrets()
    }

    var order: PaymentOrder { inputs.order }

    var shape: PaymentShape { PaymentShape(app: "conformance", request: order.request) }

    func fixtures(_ operation: ConformanceFixture.Operation) -> [ConformanceFixture] {
        inputs.fixtures.filter { $0.operation == operation }
    }

    mutating func expect(_ isSo: Bool, _ rule: String, _ detail: String) {
        guard !isSo else { return }
        counts[rule, default: 0] += 1
        guard counts[rule, default: 0] <= mostOfOneRule else { return }
        findings.append(ConformanceFinding(rule: rule, detail: detail))
    }

    mutating func checkDeclaration() {
        let declaration = Adapter.declaration
        expect(
            !declaration.id.isEmpty
                && declaration.id.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) },
            "the id is lower-case letters and digits", declaration.id)
        expect(!declaration.methods.isEmpty, "the declaration has a method", "there is none")
        expect(
            Set(declaration.settings.map(\.key)).count == declaration.settings.count, "settings have different names",
            "a name is there twice")
        for limit in declaration.documentedLimits {
            expect(limit.requests > 0 && limit.per > .zero, "a documented limit can be kept", "\(limit)")
        }
        if declaration.settings.contains(where: \.isRequired) {
            expect(
                (try? Adapter(settings: ProviderSettings([:]))) == nil, "required settings are required",
                "an instance was made without any")
        }
        expect(
            declaration.methods.contains(order.request.method) && adapter.incapability(for: shape) == nil,
            "the plugin can do the payment of the inputs", adapter.incapability(for: shape) ?? "not its method")
        if case .refusesDuplicates = adapter.createSafety(for: shape) {
            expect(adapter is any Inquiring, "who refuses duplicates can be asked", "it is not Inquiring")
        }
    }

    /// Documented replies for every capability, in one of the ways or another, and none that nobody reads.
    mutating func checkFixturesAreThere(of ways: [ConformanceInputs]) {
        let fixtures = ways.flatMap(\.fixtures)
        let expected: [(ConformanceFixture.Operation, Bool)] = [
            (.create, true), (.inquiry, adapter is any Inquiring), (.token, adapter is any TokenAuthenticated),
            (.callback, adapter is any CallbackReceiving), (.capture, adapter is any Capturing),
            (.cancel, adapter is any Canceling), (.refund, adapter is any Refunding),
            (.finding, adapter is any FollowUpInquiring),
        ]
        for (operation, isThere) in expected {
            expect(
                fixtures.contains { $0.operation == operation } == isThere,
                "every capability has its documented replies",
                "\(operation.rawValue): \(isThere ? "no fixture" : "fixtures, and the adapter does not conform")")
        }
        for pointer in Set(ways.flatMap(\.statusPointers)).sorted() {
            expect(
                fixtures.contains { $0.reply.json?.value(at: pointer) != nil },
                "a pointer to the status points at one", "no fixture has \(pointer)")
        }
    }
}
