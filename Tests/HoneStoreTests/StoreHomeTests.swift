import Foundation
import HoneStore
import Testing

@Suite struct StoreHomeTests {
    @Test func prefersTheOptionToTheEnvironmentToTheCurrentFolder() {
        let environment = ["HONE_HOME": "/b"]
        #expect(StoreHome(option: "/a", environment: environment).folder.path == "/a")
        #expect(StoreHome(option: nil, environment: environment).folder.path == "/b")
        #expect(
            StoreHome(option: nil, environment: ["HONE_HOME": ""]).folder.lastPathComponent
                == ".hone")
    }
}
