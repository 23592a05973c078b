/** The save module of one request, and its open handlers. */
import { type Awaitable, isPromise, whenReady } from '../awaitable.ts';
import { throwFirst } from '../several-errors.ts';
import type { HandlerContext, Modules, OpenHandler, SaveModule } from './save-module.ts';

/**
 * Opens and closes the module of session.save_handler. Beside it there may be a parent: the module
 * that was in use before session_set_save_handler(), which the methods of SessionHandler call.
 */
export class Storage {
  readonly #context: HandlerContext;
  readonly #modules: Modules;
  /** PS(mod), PS(default_mod). */
  #module: SaveModule;
  #parentModule: SaveModule | undefined;
  /** PS(mod_data), PS(mod_user_implemented). */
  #handler: OpenHandler | undefined;
  /** PS(mod_user_is_open). */
  #parent: OpenHandler | undefined;

  constructor(context: HandlerContext, modules: Modules) {
    this.#context = context;
    this.#modules = modules;
    this.#module = modules[context.settings.get('save_handler')];
  }

  get module(): SaveModule {
    return this.#module;
  }

  /** The module's open handler. Callbacks can be called even before open, as in PHP. */
  get handler(): OpenHandler | undefined {
    return this.#handler ?? this.#module.unopened?.(this.#context);
  }

  /** The open handler of SessionHandler's own methods. */
  get parent(): OpenHandler | undefined {
    return this.#parent;
  }

  /** The parent before it is open: PHP calls a program's create_sid even then. */
  get unopenedParent(): OpenHandler | undefined {
    return this.#parentModule?.unopened?.(this.#context);
  }

  get hasParentModule(): boolean {
    return this.#parentModule !== undefined;
  }

  /** Whether a handler is open, the session's own or its parent. */
  get isOpen(): boolean {
    return this.#handler !== undefined || this.#parent !== undefined;
  }

  /** Whether the session's own handler is open. */
  get isOwnOpen(): boolean {
    return this.#handler !== undefined;
  }

  /** PS(in_save_handler): whether a callback is running. */
  get isCalling(): boolean {
    return this.#modules.user.isCalling;
  }

  /** session.save_handler has changed. */
  changeModule(): void {
    this.#parentModule = this.#module;
    this.#module = this.#modules[this.#context.settings.get('save_handler')];
  }

  /** Opens the module. A handler that is still open, as before session_reset(), is released. */
  open(): Awaitable<boolean> {
    const isDisposable = this.#modules.user.disposables.size > 0;
    // An object of one request at a time takes a second open() for another request's.
    if (this.#handler && isDisposable) return this.#disposeAll().then(() => this.#open());
    return this.#open();
  }

  #open(): Awaitable<boolean> {
    const { settings } = this.#context;
    const [savePath, name] = [settings.get('save_path'), settings.get('name')];
    const opening = this.#module.open(this.#context, savePath, name);
    return whenReady(opening, ({ ok, handler }) => {
      if (!handler) return ok;
      const before = this.#handler;
      this.#handler = handler;
      if (!before && !this.#parent) return ok;
      return this.#releaseBefore(before).then(() => ok);
    });
  }

  async #releaseBefore(before: OpenHandler | undefined): Promise<void> {
    await before?.release();
    // PS(mod_data) is one place: the files module takes it from a parent that was left open.
    if (this.#module === this.#modules.files) await this.#releaseParent();
  }

  /** session_module_name('files') closes what an error, or a class without super.close(), left open. */
  async abandon(): Promise<void> {
    await this.close();
    await this.#releaseParent();
  }

  /** Closes the handler, if it is open. */
  close(): Awaitable<void> {
    const handler = this.#handler;
    if (!handler) return;
    let closing: Awaitable<boolean>;
    const leave = (): void => {
      this.#handler = undefined;
      if (this.#parent === handler) this.#parent = undefined;
    };
    try {
      closing = handler.close();
    } catch (error) {
      leave();
      throw error;
    }
    if (!isPromise(closing)) return leave();
    return closing.then(leave, (error: unknown) => {
      leave();
      throw error;
    });
  }

  /** SessionHandler::open(). A parent that is the session's own module shares its handler. */
  async openParent(savePath: string, name: string): Promise<boolean> {
    const module = this.#parentModule;
    const opening = await module?.open(this.#context, savePath, name);
    if (!opening?.ok || !opening.handler) return false;
    await this.#releaseParent();
    this.#parent = opening.handler;
    if (module === this.#module) {
      await this.#handler?.release();
      this.#handler = opening.handler;
    }
    return true;
  }

  /** SessionHandler::close(). */
  async closeParent(): Promise<boolean> {
    const parent = this.#parent;
    this.#parent = undefined;
    if (this.#handler === parent) this.#handler = undefined;
    return (await parent?.close()) ?? false;
  }

  /** php_rshutdown_session_globals(): the callbacks stay, the name of their class does not. */
  async reset(): Promise<void> {
    await this.close();
    this.#modules.user.className = undefined;
    this.#modules.user.isCalling = false;
    await this.#releaseParent();
  }

  /**
   * Releases all open handlers without a callback. PHP leaves that to the end of its process; here
   * they would stay open as long as the server runs.
   */
  release(): Promise<void> | undefined {
    const { user } = this.#modules;
    user.isCalling = false;
    return this.isOpen || user.disposables.size > 0 ? this.#releaseAll() : undefined;
  }

  async #releaseAll(): Promise<void> {
    const handler = this.#handler;
    this.#handler = undefined;
    await allInTurn([
      () => handler?.release(),
      () => this.#releaseParent(),
      () => this.#disposeAll(),
    ]);
  }

  #disposeAll(): Promise<void> {
    const { disposables } = this.#modules.user;
    return allInTurn([...disposables].map((each) => () => each[Symbol.asyncDispose]()));
  }

  async #releaseParent(): Promise<void> {
    const parent = this.#parent;
    this.#parent = undefined;
    await parent?.release();
  }
}

/** Takes every step, whatever another one throws; then throws the first error. */
async function allInTurn(steps: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  throwFirst(errors);
}
