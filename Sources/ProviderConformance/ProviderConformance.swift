import PaymentModel
public import ProviderKit

/// Runs the suite that every plugin has to pass, and gives what is wrong; nothing where the adapter conforms.
///
/// What is checked follows from the protocols that the adapter conforms to, so a capability cannot be added without
/// its checks. In a plugin's tests:
///
///     let findings = conformanceFindings(of: PayaloAdapter.self, with: inputs)
///     #expect(findings.isEmpty, "\(findings)")
///
/// The rules are those that money depends on (contract §6, §7): what is not explained by the documents is ambiguous
/// and never an answer, amounts are exact, secrets are not shown, callbacks are not forged, and no reply whatever
/// makes the adapter trap. A trap ends the test's process: the seed in `inputs` makes it come again.
public func conformanceFindings<Adapter: ProviderAdapter>(
    of type: Adapter.Type, with inputs: ConformanceInputs
) -> [ConformanceFinding] {
    let adapter: Adapter
    do {
        adapter = try Adapter(settings: inputs.settings)
    } catch {
        return [ConformanceFinding(rule: "the settings make an instance", detail: "\(error.key) \(error.detail)")]
    }
    var examiner = Examiner(adapter: adapter, inputs: inputs)
    examiner.checkDeclaration()
    examiner.checkCreateRequest()
    examiner.checkCreateOutcome()
    if let adapter = adapter as? any Inquiring { examiner.checkInquiry(adapter) }
    if let adapter = adapter as? any TokenAuthenticated { examiner.checkTokens(adapter) }
    if let adapter = adapter as? any CallbackReceiving { examiner.checkCallbacks(adapter) }
    examiner.checkFollowUps()
    examiner.checkSecrets()
    examiner.checkFixturesAreUsed()
    return examiner.findings
}

/// Holds what is examined and what was found.
struct Examiner<Adapter: ProviderAdapter> {
    let adapter: Adapter
    let inputs: ConformanceInputs
    var random: SeededGenerator
    private(set) var findings: [ConformanceFinding] = []
    /// What each rule found; more than a few of one rule say nothing new.
    private var counts: [String: Int] = [:]

    init(adapter: Adapter, inputs: ConformanceInputs) {
        self.adapter = adapter
        self.inputs = inputs
        random = SeededGenerator(seed: inputs.seed)
    }

    var order: PaymentOrder { inputs.order }

    var shape: PaymentShape { PaymentShape(app: "conformance", request: order.request) }

    func fixtures(_ operation: ConformanceFixture.Operation) -> [ConformanceFixture] {
        inputs.fixtures.filter { $0.operation == operation }
    }

    mutating func expect(_ isSo: Bool, _ rule: String, _ detail: String) {
        guard !isSo else { return }
        counts[rule, default: 0] += 1
        guard counts[rule, default: 0] <= 5 else { return }
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

    mutating func checkFixturesAreUsed() {
        let expected: [(ConformanceFixture.Operation, Bool)] = [
            (.create, true), (.inquiry, adapter is any Inquiring), (.token, adapter is any TokenAuthenticated),
            (.callback, adapter is any CallbackReceiving), (.capture, adapter is any Capturing),
            (.cancel, adapter is any Canceling), (.refund, adapter is any Refunding),
            (.finding, adapter is any FollowUpInquiring),
        ]
        for (operation, isThere) in expected {
            expect(
                fixtures(operation).isEmpty != isThere, "every capability has its documented replies",
                "\(operation.rawValue): \(isThere ? "no fixture" : "fixtures without the capability")")
        }
        if let pointer = inputs.statusPointer {
            expect(
                inputs.fixtures.contains { $0.reply.json?.value(at: pointer) != nil },
                "the pointer to the status points at one", pointer)
        }
    }
}
