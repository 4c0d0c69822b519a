import ConfigFiles
import Foundation
import Testing

@testable import switchyard

/// The routing cookbook: every recipe with the shipped apps and providers.
@Suite struct CookbookTests {
    @Test func everyRecipeHolds() throws {
        let cookbook = try Guide("docs/routing-cookbook.md")
        let recipes = cookbook.blocks.filter { $0.language == "yaml" }
        #expect(recipes.count >= 15)
        for recipe in recipes {
            let result = try Self.load(recipe.text)
            let place = "\(cookbook.path):\(recipe.line)"
            // The shipped providers that a recipe has no use for.
            let faults = result.faults.map(\.description).filter { !$0.contains("warning: no route uses provider") }
            #expect(faults == [], "\(place)")
            let routes = recipe.text.matches(of: /- name: ([a-z-]+)/).map { String($0.output.1) }
            let expected = result.expectations.compactMap { expectation in
                if case .named(let route)? = expectation.route { route } else { nil }
            }
            #expect(Set(expected) == Set(routes), "\(place): a case for each route")
        }
    }

    private static func load(_ recipe: String) throws -> LoadResult {
        let folder = FileManager.default.temporaryDirectory.appending(path: "switchyard-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["00-server.yaml", "10-apps.yaml", "20-providers.yaml"] {
            let shipped = URL(filePath: Setup.packageRoot).appending(path: "routes/" + name)
            try FileManager.default.copyItem(at: shipped, to: folder.appending(path: name))
        }
        try recipe.write(to: folder.appending(path: "30-routes.yaml"), atomically: true, encoding: .utf8)
        return configurationLoader(environment: [:]).load(folder: folder.path)
    }
}
