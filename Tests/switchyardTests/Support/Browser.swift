import AsyncHTTPClient
import Foundation
import NIOHTTP1
import StrictJSON
import Testing

/// Chromium without a window, driven by chromedriver as W3C WebDriver says (Debian: `chromium`, `chromium-driver`).
struct Browser: Sendable {
    /// Where it is missing the tests that need one are skipped, unless all tools are required.
    static var isWanted: Bool { driver != nil || areToolsRequired }

    /// CI installs the tools and sets it: there a missing one is a failure.
    static let areToolsRequired = ProcessInfo.processInfo.environment["SWITCHYARD_REQUIRE_TOOLS"] == "1"

    private static let driver: URL? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { URL(filePath: String($0)).appending(path: "chromedriver") }
        .first { FileManager.default.isExecutableFile(atPath: $0.path) }

    private let http: HTTPClient
    /// The address of the session at the driver.
    private let session: String

    /// Runs `body` with a browser of its own.
    static func run(_ http: HTTPClient, _ body: (Browser) async throws -> Void) async throws {
        let driver = try #require(driver, "chromedriver is not on the PATH")
        let (process, port) = try await start(driver)
        defer {
            // Not SIGTERM: where this process ignores that, so do those that it starts.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        let started = try await Self.send(
            http, .POST, "http://127.0.0.1:\(port)/session",
            """
            {"capabilities":{"alwaysMatch":{"browserName":"chrome","goog:loggingPrefs":{"browser":"ALL"},
             "goog:chromeOptions":{"args":["--headless=new","--no-sandbox","--disable-gpu","--disable-dev-shm-usage",
             "--hide-scrollbars"]}}}}
            """)
        let id = try #require(started["sessionId"]?.string)
        let browser = Browser(http: http, session: "http://127.0.0.1:\(port)/session/\(id)")
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(browser))
        } catch {
            result = .failure(error)
        }
        _ = try? await browser.send(.DELETE, "")
        try result.get()
    }

    /// Starts a driver on a free port. It ends at once where the port is free for IPv4 and taken for IPv6: then another one.
    private static func start(_ driver: URL) async throws -> (process: Process, port: String) {
        let file = FileManager.default.temporaryDirectory.appending(path: "chromedriver-\(UUID().uuidString).log")
        defer { try? FileManager.default.removeItem(at: file) }
        for _ in 1...5 {
            let process = Process()
            try Data().write(to: file)
            let printed = try FileHandle(forWritingTo: file)
            process.executableURL = driver
            process.arguments = ["--port=0"]
            process.standardOutput = printed
            process.standardError = printed
            try process.run()
            try printed.close()
            let port = try await eventually("chromedriver listens or ends", within: .seconds(120)) { () -> String? in
                let isRunning = process.isRunning
                let text = try String(contentsOf: file, encoding: .utf8)
                if let match = text.firstMatch(of: /successfully on port (\d+)/) { return String(match.output.1) }
                return isRunning ? nil : ""
            }
            if !port.isEmpty { return (process, port) }
        }
        let text = try String(contentsOf: file, encoding: .utf8)
        throw DriverFault(description: "chromedriver does not start: \(text)")
    }

    private struct DriverFault: Error, CustomStringConvertible {
        let description: String
    }

    // MARK: What a person does

    func open(_ url: String) async throws {
        _ = try await send(.POST, "/url", #"{"url":\#(quoted(url))}"#)
    }

    func refresh() async throws { _ = try await send(.POST, "/refresh", "{}") }

    /// Keys one after another: characters, or the code points that WebDriver has for the others.
    func type(_ keys: String) async throws {
        let actions = keys.unicodeScalars.flatMap { key in
            ["keyDown", "keyUp"].map { #"{"type":"\#($0)","value":\#(quoted(String(Character(key))))}"# }
        }
        _ = try await send(
            .POST, "/actions",
            #"{"actions":[{"type":"key","id":"keyboard","actions":[\#(actions.joined(separator: ","))]}]}"#)
    }

    /// WebDriver's code points of keys.
    enum Key {
        static let tab = "\u{e004}"
        static let enter = "\u{e007}"
        static let escape = "\u{e00c}"
    }

    /// Goes on by Tab until an element that the selector names has the focus, once around the page at most.
    func tab(to selector: String) async throws {
        for _ in 0..<300 {
            try await type(Key.tab)
            if try await isFocused(selector) { return }
        }
        Issue.record("Tab does not get to \(selector)")
    }

    func isFocused(_ selector: String) async throws -> Bool {
        try await evaluate("return !!document.activeElement && document.activeElement.matches(\(quoted(selector)))")
            .bool
            ?? false
    }

    // MARK: What a person sees

    /// How large the window is, and which colours its user likes.
    func view(width: Int, height: Int, scheme: String) async throws {
        try await devTools(
            "Emulation.setDeviceMetricsOverride",
            #"{"width":\#(width),"height":\#(height),"deviceScaleFactor":1,"mobile":\#(width < 700)}"#)
        try await devTools(
            "Emulation.setEmulatedMedia", #"{"features":[{"name":"prefers-color-scheme","value":"\#(scheme)"}]}"#)
    }

    /// What is in the window, as a PNG.
    func screenshot() async throws -> Data { try image(try await send(.GET, "/screenshot")) }

    /// What is in the place of an element, as a PNG.
    func screenshot(of selector: String) async throws -> Data {
        let found = try await send(.POST, "/element", #"{"using":"css selector","value":\#(quoted(selector))}"#)
        let element = try #require(found.object?.members.first?.value.string)
        return try image(try await send(.GET, "/element/\(element)/screenshot"))
    }

    private func image(_ value: JSONValue) throws -> Data {
        let text = try #require(value.string)
        return try #require(Data(base64Encoded: text))
    }

    /// The visible text of an element; nil where there is none.
    func text(_ selector: String) async throws -> String? {
        try await evaluate("const found = document.querySelector(\(quoted(selector))); return found && found.innerText")
            .string
    }

    /// Waits until the text of an element holds another one.
    func sees(_ text: String, in selector: String, within limit: Duration = .seconds(60)) async throws {
        _ = try await eventually("\(selector) says \(text)", within: limit) {
            try await self.text(selector)?.contains(text) == true ? true : nil
        }
    }

    // MARK: Looking inside

    /// The result of the body of a function.
    func evaluate(_ script: String) async throws -> JSONValue {
        try await send(.POST, "/execute/sync", #"{"script":\#(quoted(script)),"args":[]}"#)
    }

    /// A command of the DevTools protocol.
    func devTools(_ command: String, _ parameters: String) async throws {
        _ = try await send(.POST, "/goog/cdp/execute", #"{"cmd":"\#(command)","params":\#(parameters)}"#)
    }

    /// What the browser has complained of since it was asked last: refused content, errors of scripts.
    func complaints() async throws -> [String] {
        let log = try await send(.POST, "/se/log", #"{"type":"browser"}"#)
        return (log.array ?? []).compactMap { $0["message"]?.string }
    }

    private func send(_ method: HTTPMethod, _ path: String, _ body: String? = nil) async throws -> JSONValue {
        try await Self.send(http, method, session + path, body)
    }

    private static func send(
        _ http: HTTPClient, _ method: HTTPMethod, _ url: String, _ body: String?
    ) async throws -> JSONValue {
        let answer = try await http.answer(
            method, url, ["content-type": "application/json"], body.map { Array($0.utf8) }, within: .seconds(120))
        try #require(answer.status == 200, "\(url) \(answer.text.prefix(600))")
        return answer.json["value"] ?? .null
    }
}

/// A text as JSON and JavaScript have it.
func quoted(_ text: String) -> String {
    var json = JSONWriter()
    json.string(text)
    return String(decoding: json.bytes, as: UTF8.self)
}
