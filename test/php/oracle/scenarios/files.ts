/** Sequences with the files handler, and with classes that extend SessionHandler. */
import type { Scenario } from '../steps.ts';
import { call, close, count, destroy, id, ini, start, status, use, variables } from '../words.ts';

const files: Scenario[] = [
  { name: 'files: new', steps: [start, count] },
  {
    name: 'files: shorter',
    cookies: { PHPSESSID: 'abc' },
    files: { sess_abc: 'count|s:9:"long text";' },
    steps: [start, variables, count],
  },
  {
    name: 'files: emptied',
    cookies: { PHPSESSID: 'abc' },
    files: { sess_abc: 'count|i:1;' },
    steps: [start, ['delete', 'count']],
  },
  {
    name: 'files: strict',
    cookies: { PHPSESSID: 'abc' },
    steps: [ini('use_strict_mode', '1'), start, count],
  },
  {
    name: 'files: regenerate',
    cookies: { PHPSESSID: 'abc' },
    files: { sess_abc: 'count|i:1;' },
    steps: [start, call('session_regenerate_id', true), count],
  },
  {
    name: 'files: no folder',
    cookies: { PHPSESSID: 'abc' },
    steps: [call('session_save_path', '/nowhere/x'), start, id, status],
  },
  {
    name: 'files: depth without folders',
    cookies: { PHPSESSID: 'abc' },
    steps: [call('session_save_path', '2;/nowhere'), start, id, status],
  },
  {
    name: 'files: depth too deep',
    cookies: { PHPSESSID: 'abc' },
    steps: [call('session_save_path', '5;/nowhere'), start, id, status],
  },
  {
    name: 'files: negative depth',
    cookies: { PHPSESSID: 'abc' },
    steps: [call('session_save_path', '-1;/'), start, id, status],
  },
  {
    name: 'files: depth and mode without a folder',
    cookies: { PHPSESSID: 'abc' },
    steps: [call('session_save_path', '1;600;'), start, id, status],
  },
  {
    name: 'files: bad mode',
    cookies: { PHPSESSID: 'abc' },
    steps: [call('session_save_path', '0;77777;/nowhere'), start, id, status],
  },
  {
    name: 'files: gc with depth',
    cookies: { PHPSESSID: 'abc' },
    steps: [start, call('session_gc'), close, call('session_gc')],
  },
  {
    name: 'files: gc without a folder',
    steps: [
      call('session_save_path', '0;600;'),
      use('parent', { read: '', write: true }),
      start,
      call('session_gc'),
    ],
  },
  { name: 'parent: new', steps: [use('parent'), start, count, call('session_gc'), close] },
  {
    name: 'parent: known',
    cookies: { PHPSESSID: 'abc' },
    files: { sess_abc: 'count|i:1;' },
    steps: [use('parent'), start, variables],
  },
  {
    name: 'parent: regenerate',
    cookies: { PHPSESSID: 'abc' },
    files: { sess_abc: 'count|i:1;' },
    steps: [use('parent'), start, call('session_regenerate_id', true), count],
  },
  {
    name: 'parent: destroy',
    cookies: { PHPSESSID: 'abc' },
    files: { sess_abc: 'count|i:1;' },
    steps: [use('parent'), start, destroy],
  },
  { name: 'parent: bad id', cookies: { PHPSESSID: 'a.c' }, steps: [use('parent'), start, status] },
  {
    name: 'parent: strict',
    cookies: { PHPSESSID: 'abc' },
    steps: [ini('use_strict_mode', '1'), use('parent'), start, id],
  },
];

/** The table's part about files. */
export const fileScenarios: readonly Scenario[] = files;
