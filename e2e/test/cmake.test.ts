import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasTools, temporaryFolder, workspaceRoot } from './support/environment.js';
import { runProgram } from './support/program.js';

const available = hasTools('cmake', 'ninja', 'make', 'gcc');
const component = join(workspaceRoot, 'firmware/components/secure_esp_core');

const contract = (maxBytes: number, name = 'lamp'): string => `
import { command, defineProtocol, text } from '@secure-esp/protocol';
import { level } from './level.ts';
export default defineProtocol({
  name: '${name}',
  version: 1,
  root: '/lamp',
  topics: { level: command(text(level, { maxBytes: ${maxBytes} }), { description: 'Brightness.' }) },
});
`;
const level = (max: number): string => `
import { integer } from '@secure-esp/protocol';
export const level = integer(0, ${max});
`;
/** Prints what it was compiled with. */
const program = (name = 'lamp'): string => `
#include "${name}_protocol.h"
#include <stdio.h>
int main(void)
{
    ${name}_level_t level;
    printf("%u bytes, 200 is %s\\n", (unsigned)${name.toUpperCase()}_LEVEL_MAX_BYTES,
           ${name}_level_decode((const uint8_t *)"200", 3u, &level) == 0 ? "allowed" : "refused");
    return 0;
}
`;
const project = (call: string): string => `
cmake_minimum_required(VERSION 3.16)
project(lamp C)
include(\${CMAKE_CURRENT_SOURCE_DIR}/../component/project_include.cmake)
add_executable(lamp main.c)
${call}
`;
const plainCall = 'secure_esp_generate(PROTOCOL ../contract/lamp.ts TARGET lamp DEPENDS ../contract/level.ts)';

interface Result {
  readonly code: number;
  readonly output: string;
}

/** A project with a contract, the component, and, unless told otherwise, an installed secure-esp. */
class Fixture {
  readonly firmware: string;
  readonly generated: string;
  /** Without the programs of this workspace, which `npx` adds. */
  path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .join(delimiter);

  private constructor(
    readonly dir: string,
    readonly generator: string,
  ) {
    this.firmware = join(dir, 'firmware');
    this.generated = join(this.firmware, 'generated');
  }

  static async create(generator = 'Ninja', call = plainCall): Promise<Fixture> {
    const fixture = new Fixture(await temporaryFolder(), generator);
    await cp(join(component, 'cmake'), join(fixture.dir, 'component/cmake'), { recursive: true });
    await cp(join(component, 'project_include.cmake'), join(fixture.dir, 'component/project_include.cmake'));
    await symlink(join(workspaceRoot, 'node_modules'), join(fixture.dir, 'node_modules'));
    await mkdir(join(fixture.dir, 'contract'));
    await fixture.write('contract/level.ts', level(100));
    await fixture.write('contract/lamp.ts', contract(8));
    await mkdir(fixture.firmware);
    await fixture.write('firmware/main.c', program());
    await fixture.write('firmware/CMakeLists.txt', project(call));
    return fixture;
  }

  write(path: string, text: string): Promise<void> {
    return writeFile(join(this.dir, path), text);
  }

  configure(...options: string[]): Promise<Result> {
    return this.#cmake('-G', this.generator, '-S', 'firmware', '-B', 'build', '--warn-uninitialized', ...options);
  }

  build(...options: string[]): Promise<Result> {
    return this.#cmake('--build', 'build', ...options);
  }

  /** What the program prints. */
  async run(): Promise<string> {
    return (await runProgram(join(this.dir, 'build/lamp'), [])).output.trim();
  }

  /** From here on nothing but a C tool chain is installed. */
  async withoutNode(): Promise<void> {
    const tools = ['cmake', 'ninja', 'make', 'gcc', 'cc', 'as', 'ld', 'ar', 'ranlib', 'sh'];
    const bin = join(this.dir, 'bin');
    await mkdir(bin);
    for (const tool of tools) {
      const found = this.path.split(delimiter).find((folder) => existsSync(join(folder, tool)));
      if (found !== undefined) await symlink(join(found, tool), join(bin, tool));
    }
    this.path = bin;
  }

  #cmake(...args: string[]): Promise<Result> {
    return runProgram('cmake', args, { cwd: this.dir, env: { ...process.env, PATH: this.path } });
  }
}

const done = (text: string | RegExp = ''): unknown => ({ code: 0, output: expect.stringMatching(text) as unknown });
const failed = (text: RegExp): unknown => ({ output: expect.stringMatching(text) as unknown, code: 1 });

describe.skipIf(!available)('secure_esp_generate', () => {
  describe.each(['Ninja', 'Unix Makefiles'])('with %s', (generator) => {
    test('generates where Node.js is installed, again when the contract changes, and else does nothing', async () => {
      const fixture = await Fixture.create(generator);
      expect(await fixture.configure()).toEqual(done());
      expect((await readdir(fixture.generated)).sort()).toEqual([
        'lamp_protocol.c',
        'lamp_protocol.h',
        'lamp_topics.h',
      ]);
      expect(await fixture.build()).toEqual(done());
      expect(await fixture.run()).toBe('8 bytes, 200 is refused');

      const header = join(fixture.generated, 'lamp_protocol.h');
      const { mtimeMs } = await stat(header);
      const idle = await fixture.build();
      expect(idle.output).not.toMatch(/Building C|Configuring/);
      expect((await stat(header)).mtimeMs).toBe(mtimeMs);

      await fixture.write('contract/lamp.ts', contract(9));
      expect(await fixture.build()).toEqual(done(/Building C/));
      expect(await fixture.run()).toBe('9 bytes, 200 is refused');
      await fixture.write('contract/level.ts', level(255));
      expect(await fixture.build()).toEqual(done(/Building C/));
      expect(await fixture.run()).toBe('9 bytes, 200 is allowed');
      expect((await fixture.build()).output).not.toMatch(/Building C|Configuring/);
    });

    test('repairs generated files that were edited or deleted, and clean does not delete them', async () => {
      const fixture = await Fixture.create(generator);
      expect(await fixture.configure()).toEqual(done());
      expect(await fixture.build()).toEqual(done());
      const source = join(fixture.generated, 'lamp_protocol.c');
      const text = await readFile(source, 'utf8');
      await writeFile(source, `${text}#error edited\n`);
      expect(await fixture.build()).toEqual(done());
      expect(await readFile(source, 'utf8')).toBe(text);
      await rm(source);
      expect(await fixture.build()).toEqual(done());
      expect(await readFile(source, 'utf8')).toBe(text);
      expect(await fixture.build('--target', 'clean')).toEqual(done());
      expect(await readFile(source, 'utf8')).toBe(text);
    });

    test('a contract that C cannot enforce fails the build with the reason, and once mended it builds', async () => {
      const fixture = await Fixture.create(generator);
      expect(await fixture.configure()).toEqual(done());
      expect(await fixture.build()).toEqual(done());
      await fixture.write('contract/level.ts', "import { z } from 'zod';\nexport const level = z.number();\n");
      expect((await fixture.build()).output).toMatch(/level: .*use\s+integer\(min,\s+max\)/);
      await fixture.write('contract/level.ts', level(200));
      expect(await fixture.build()).toEqual(done());
      expect(await fixture.run()).toBe('8 bytes, 200 is allowed');
    });

    test('a contract that gets another name gets other files', async () => {
      const fixture = await Fixture.create(generator);
      expect(await fixture.configure()).toEqual(done());
      await fixture.write('contract/lamp.ts', contract(7, 'torch'));
      await fixture.write('firmware/main.c', program('torch'));
      expect(await fixture.build()).toEqual(done());
      expect(await fixture.run()).toBe('7 bytes, 200 is refused');
    });
  });

  test('compiles what is committed where Node.js is not installed, and says so', async () => {
    const fixture = await Fixture.create();
    expect(await fixture.configure()).toEqual(done());
    await rm(join(fixture.dir, 'build'), { recursive: true });
    await fixture.withoutNode();
    await fixture.write('contract/lamp.ts', contract(9));
    expect(await fixture.configure()).toEqual(done(/Node\.js is not installed; compiling the committed files/));
    expect(await fixture.build()).toEqual(done());
    expect(await fixture.run()).toBe('8 bytes, 200 is refused');
  });

  test('without Node.js and without committed files says what to install', async () => {
    const fixture = await Fixture.create();
    await fixture.withoutNode();
    expect(await fixture.configure()).toEqual(failed(/Install Node\.js[^]*npm install\s+--save-dev\s+secure-esp/));
  });

  test('with Node.js but without secure-esp does the same, and SECURE_ESP_GENERATE=OFF never generates', async () => {
    const fixture = await Fixture.create();
    expect(await fixture.configure('-DSECURE_ESP_GENERATE=OFF')).toEqual(failed(/SECURE_ESP_GENERATE is off/));
    expect(await fixture.configure('-DSECURE_ESP_GENERATE=ON')).toEqual(done());
    await fixture.write('contract/lamp.ts', contract(9));
    expect(await fixture.configure('-DSECURE_ESP_GENERATE=OFF')).toEqual(done(/is off; compiling the committed/));
    await rm(join(fixture.dir, 'node_modules'));
    expect(await fixture.configure('-DSECURE_ESP_GENERATE=ON')).toEqual(done(/secure-esp is not installed/));
    expect(await fixture.build()).toEqual(done());
    expect(await fixture.run()).toBe('8 bytes, 200 is refused');
  });

  test.each([
    ['', /needs PROTOCOL/],
    ['PROTOCOL ../contract/none.ts', /there is no contract/],
    ['PROTOCOL', /each\s+with\s+a\s+value/],
    ['PROTOCOL ../contract/lamp.ts LANGUAGE c', /takes PROTOCOL, PREFIX/],
    ['PROTOCOL ../contract/lamp.ts', /after idf_component_register/],
    ['PROTOCOL ../contract/lamp.ts TARGET lamp PREFIX Lamp', /prefix: must be snake_case/],
  ])('refuses secure_esp_generate(%s)', async (args, reason) => {
    const fixture = await Fixture.create('Ninja', `secure_esp_generate(${args})`);
    expect(await fixture.configure()).toEqual(failed(reason));
  });

  test('takes prefix and folder', async () => {
    const call = 'secure_esp_generate(PROTOCOL ../contract/lamp.ts TARGET lamp PREFIX desk OUT ../out/desk)';
    const fixture = await Fixture.create('Ninja', call);
    await fixture.write('firmware/main.c', program().replaceAll('lamp_level', 'desk_level').replace('LAMP_', 'DESK_'));
    expect(await fixture.configure()).toEqual(done());
    expect(await fixture.build()).toEqual(done());
    expect(await fixture.run()).toBe('8 bytes, 200 is refused');
    expect(await readdir(join(fixture.dir, 'out/desk'))).toHaveLength(3);
  });

  /**
   * ESP-IDF's order of things (its tools/cmake/build.cmake and scripts/component_get_requirements.cmake): a script reads
   * each CMakeLists.txt up to idf_component_register, project_include.cmake files are included in a function, and only
   * then are the components' folders added.
   */
  test('works in a component as ESP-IDF evaluates it, before and after idf_component_register', async () => {
    const fixture = await Fixture.create();
    await fixture.write(
      'firmware/requirements.cmake',
      `set(CMAKE_BUILD_EARLY_EXPANSION 1)
macro(idf_component_register)
  return()
endmacro()
function(read_requirements)
  include(\${CMAKE_CURRENT_LIST_DIR}/main/CMakeLists.txt)
endfunction()
read_requirements()
`,
    );
    await fixture.write(
      'firmware/CMakeLists.txt',
      `cmake_minimum_required(VERSION 3.16)
project(lamp C)
execute_process(COMMAND \${CMAKE_COMMAND} -P \${CMAKE_CURRENT_SOURCE_DIR}/requirements.cmake RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "requirements: \${result}")
endif()
function(idf_component_register)
  cmake_parse_arguments(arg "" "" "SRCS" \${ARGN})
  if(arg_SRCS)
    add_library(__idf_main STATIC \${arg_SRCS})
  else()
    add_library(__idf_main INTERFACE)
  endif()
  set(COMPONENT_LIB __idf_main PARENT_SCOPE)
endfunction()
function(include_projects)
  include(\${CMAKE_CURRENT_SOURCE_DIR}/../component/project_include.cmake)
endfunction()
include_projects()
add_subdirectory(main)
add_executable(lamp start.c)
target_link_libraries(lamp __idf_main)
`,
    );
    await mkdir(join(fixture.firmware, 'main'));
    await fixture.write('firmware/main/main.c', program());
    await fixture.write('firmware/start.c', '#include "lamp_topics.h"\nextern int main(void);\n');
    await fixture.write(
      'firmware/main/CMakeLists.txt',
      'idf_component_register(SRCS main.c)\nsecure_esp_generate(PROTOCOL ../../contract/lamp.ts)\n',
    );
    expect(await fixture.configure()).toEqual(done());
    expect(await fixture.build()).toEqual(done());
    expect(await fixture.run()).toBe('8 bytes, 200 is refused');
    expect(await readdir(join(fixture.firmware, 'main/generated'))).toHaveLength(3);

    // Included by hand and called too early: ignored by the script, refused by the build.
    await fixture.write(
      'firmware/main/CMakeLists.txt',
      `include(\${CMAKE_CURRENT_LIST_DIR}/../../component/cmake/secure_esp_generate.cmake)
secure_esp_generate(PROTOCOL ../../contract/lamp.ts)
idf_component_register(SRCS main.c)
`,
    );
    expect(await fixture.configure()).toEqual(failed(/after idf_component_register/));
    await fixture.write(
      'firmware/main/CMakeLists.txt',
      'idf_component_register()\nsecure_esp_generate(PROTOCOL ../../contract/lamp.ts)\n',
    );
    expect(await fixture.configure()).toEqual(failed(/__idf_main compiles nothing/));
  });
});
