import ConfigFiles
import Foundation
import PaymentEngine
import Testing
import Yams

@testable import switchyard

/// What is in `packaging/` fits the program: its configuration is valid, and nothing ends a process sooner than its payments.
@Suite struct PackagingTests {
    private static let folder = URL(filePath: Setup.packageRoot).appending(path: "packaging")

    private static func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    /// A document of `kubernetes.yaml`.
    private static func document(_ kind: String) throws -> Node {
        for document in try Yams.compose_all(yaml: text("kubernetes.yaml")) where document["kind"]?.string == kind {
            return document
        }
        return try #require(nil as Node?, "no \(kind)")
    }

    /// A member by its path; a number is a place in a list.
    private static func member(_ node: Node, _ path: String) throws -> Node {
        var found = node
        for name in path.split(separator: ".") {
            let next = Int(name).flatMap { found.sequence?[$0] } ?? found[String(name)]
            found = try #require(next, "\(path): no \(name)")
        }
        return found
    }

    private static func entries(_ node: Node) -> [String: String] {
        var entries: [String: String] = [:]
        for (key, value) in node.mapping ?? [:] { entries[key.string ?? ""] = value.string ?? "" }
        return entries
    }

    private static func load(_ files: [String: String]) throws -> LoadResult {
        let folder = FileManager.default.temporaryDirectory.appending(path: "switchyard-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files {
            try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
        }
        return configurationLoader(environment: [:]).load(folder: folder.path, withoutSecrets: true)
    }

    @Test func theConfigMapIsAValidConfiguration() throws {
        let files = Self.entries(try Self.member(try Self.document("ConfigMap"), "data"))
        let result = try Self.load(files)
        #expect(result.faults == [])
        let server = try #require(result.configuration?.server)
        let pod = try Self.member(try Self.document("Deployment"), "spec.template.spec")
        let container = try Self.member(pod, "containers.0")

        // Killed later than the last payment can end.
        let grace = try #require(try Self.member(pod, "terminationGracePeriodSeconds").int)
        #expect(.seconds(grace) > server.drainGrace + server.requestTimeout)
        // Every variable of the configuration is given, and comes from the secret.
        let wanted = Set(files.values.flatMap { $0.matches(of: /\$\{(?<name>\w+)\}/).map { String($0.name) } })
        var given: Set<String> = []
        for variable in try Self.member(container, "env").array() {
            let name = try #require(variable["name"]?.string)
            #expect(try Self.member(variable, "valueFrom.secretKeyRef.key").string == name)
            given.insert(name)
        }
        #expect(given == wanted)
        // What it listens on is what probes, callers and the policy reach.
        #expect(server.listen.host == "0.0.0.0" && server.admin.host == "0.0.0.0" && server.adminProblem == nil)
        #expect(try Self.member(container, "ports.0.containerPort").int == server.listen.port)
        #expect(try Self.member(container, "ports.1.containerPort").int == server.admin.port)
        for (probe, path) in [("startup", "/healthz"), ("liveness", "/healthz"), ("readiness", "/readyz")] {
            #expect(try Self.member(container, "\(probe)Probe.httpGet.path").string == path)
            #expect(try Self.member(container, "\(probe)Probe.httpGet.port").string == "admin")
        }
        let arguments = try Self.member(container, "args").array().compactMap(\.string)
        #expect(arguments == ["serve", "--config", try Self.member(container, "volumeMounts.0.mountPath").string])
    }

    @Test func oneProcessRunsWithNoRights() throws {
        let deployment = try Self.document("Deployment")
        #expect(try Self.member(deployment, "spec.replicas").int == 1)
        #expect(try Self.member(deployment, "spec.strategy.type").string == "Recreate")
        let pod = try Self.member(deployment, "spec.template.spec")
        #expect(try Self.member(pod, "securityContext.runAsNonRoot").bool == true)
        #expect(try Self.member(pod, "securityContext.seccompProfile.type").string == "RuntimeDefault")
        #expect(try Self.member(pod, "automountServiceAccountToken").bool == false)
        let container = try Self.member(pod, "containers.0.securityContext")
        #expect(try Self.member(container, "allowPrivilegeEscalation").bool == false)
        #expect(try Self.member(container, "readOnlyRootFilesystem").bool == true)
        #expect(try Self.member(container, "capabilities.drop.0").string == "ALL")
        // Whom the service and the policy mean is this pod.
        let labels = Self.entries(try Self.member(deployment, "spec.template.metadata.labels"))
        #expect(Self.entries(try Self.member(deployment, "spec.selector.matchLabels")) == labels)
        #expect(Self.entries(try Self.member(try Self.document("Service"), "spec.selector")) == labels)
        let policy = try Self.document("NetworkPolicy")
        #expect(Self.entries(try Self.member(policy, "spec.podSelector.matchLabels")) == labels)
        // The image runs as the same user.
        let user = try Self.member(pod, "securityContext.runAsUser").string ?? ""
        #expect(try Self.text("Containerfile").contains("USER \(user):\(user)\n"))
        #expect(try Self.text("tree").contains("switchyard:x:\(user):\(user):"))
    }

    @Test func theUnitLetsPaymentsEnd() throws {
        let unit = try Self.text("switchyard.service")
        let stop = try #require(unit.firstMatch(of: /TimeoutStopSec=(?<seconds>\d+)\n/)?.seconds)
        let seconds = try #require(Int(stop))
        let usual = ServerConfiguration(
            referenceSecret: ServerConfiguration.loopbackSecret, callbackSecrets: [ServerConfiguration.loopbackSecret])
        #expect(.seconds(seconds) > usual.drainGrace + usual.requestTimeout)
        #expect(unit.contains("\nKillSignal=SIGTERM\n") && unit.contains("\nExecReload=/bin/kill -HUP $MAINPID\n"))
    }
}
