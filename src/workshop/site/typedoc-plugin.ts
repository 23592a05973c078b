/** The site's additions to TypeDoc: names, the order of pages, captions, drawings. */
import {
  type Application,
  Comment,
  CommentTag,
  Converter,
  type DeclarationReflection,
  type DocumentReflection,
  JSX,
  MarkdownEvent,
  PageEvent,
  ReflectionKind,
} from 'typedoc';
import { captionOf } from '../course/caption.ts';
import type { Lesson } from '../course/catalogue.ts';
import { withoutFrame } from '../course/frame.ts';
import { drawMermaid } from './mermaid.ts';
import type { PublicModule } from './public-modules.ts';

/**
 * A TypeDoc plugin that knows the workshop.
 *
 * @param lessons - The class of each is named after its lesson.
 */
export function workshopPlugin(
  lessons: Lesson[],
  modules: PublicModule[],
): (app: Application) => void {
  const names = new Map([
    ...lessons.map(({ files, label, title }): [string, Place] => [
      files.class,
      { name: `Lesson ${label} class`, group: 'The classes', about: title },
    ]),
    ...modules.map(({ path, name }): [string, Place] => [path, { name, group: 'The library' }]),
  ]);
  return (app) => {
    nameModules(app, names);
    hideIdleConstructors(app);
    linkNeighbours(app);
    // The site has a title and links of its own.
    const takeFrameOff = (event: MarkdownEvent): void => {
      event.parsedText = withoutFrame(event.parsedText);
    };
    app.renderer.on(MarkdownEvent.PARSE, takeFrameOff, 100);
    app.renderer.on(PageEvent.END, (page) => {
      if (page.contents === undefined) return;
      page.contents = levelHeadings(captionCode(drawMermaid(page.contents, page.url)))
        .replace(/<td>(?=✔)/g, '<td class="good">')
        .replace(/<td>(?=✘)/g, '<td class="bad">')
        .replace('<div class="col-content">', '<div class="col-content" role="main">')
        .replace('<div class="page-menu">', '<div class="page-menu" role="complementary">')
        // A table can be wider than a phone, and only a focused element scrolls with the keys.
        .replace(/<table>/g, '<div class="wide" tabindex="0"><table>')
        .replace(/<\/table>/g, '</table></div>');
    });
  };
}

interface Place {
  name: string;
  group: string;
  about?: string;
}

function nameModules(app: Application, names: Map<string, Place>): void {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      const path = project.files.getReflectionPath(module) ?? '';
      const place = names.get(path);
      if (!place) continue;
      module.name = place.name;
      module.comment ??= new Comment();
      module.comment.blockTags.push(
        new CommentTag('@group', [{ kind: 'text', text: place.group }]),
      );
    }
  });
}

/** Hides the constructor of a class with only static members. */
function hideIdleConstructors(app: Application): void {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const made of project.getReflectionsByKind(ReflectionKind.Constructor)) {
      const siblings = (made.parent as DeclarationReflection).children ?? [];
      const isStatic = siblings.every((each) => each === made || each.flags.isStatic);
      if (isStatic && siblings.length > 1) project.removeReflection(made);
    }
  });
}

/** Lessons and pages in their order: each links to the one before and the one after. */
function linkNeighbours(app: Application): void {
  app.renderer.hooks.on('content.end', (context) => {
    const { model, project } = context.page;
    const documents = project.documents ?? [];
    const index = documents.indexOf(model as DocumentReflection);
    if (index < 0) return JSX.createElement(JSX.Fragment, null);
    const link = (document: DocumentReflection | undefined, word: string, rel: string) =>
      document
        ? JSX.createElement(
            'a',
            { href: context.urlTo(document) ?? '', rel, class: `neighbour neighbour-${rel}` },
            JSX.createElement('span', null, word),
            ` ${document.name}`,
          )
        : JSX.createElement('span', null);
    return JSX.createElement(
      'nav',
      { class: 'neighbours', 'aria-label': 'Pages before and after' },
      link(documents[index - 1], 'Before', 'prev'),
      link(documents[index + 1], 'After', 'next'),
    );
  });
}

/** Adds a caption to each block of code: its source, as named by the marker above the block. */
function captionCode(html: string): string {
  return html.replace(
    /<!--\s*(code|diff|transcript|output)(?::\s*([^>]*?))?\s*-->\s*(<pre>[\s\S]*?<\/pre>)/g,
    (_, kind: string, argument: string | undefined, block: string) =>
      `<figure class="code code-${kind}"><figcaption>${captionOf(kind, argument)}</figcaption>${block}</figure>`,
  );
}

/** Gives headings the level that they have for a reader: TypeDoc follows an h1 with h4 and h5. */
function levelHeadings(html: string): string {
  const above: number[] = [];
  return html.replace(/<h([1-6])(?=[\s>])/g, (tag, digit: string) => {
    const own = Number(digit);
    while ((above.at(-1) ?? 0) >= own) above.pop();
    return above.push(own) === own ? tag : `${tag} aria-level="${above.length}"`;
  });
}
